// node origin.js CERT KEY: says what it was asked, as it came.
// HTTP/1.1 and HTTP/2 on one port; the port is printed.
const fs = require('fs'), http2 = require('http2'), crypto = require('crypto');
const [cert, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));
const server = http2.createSecureServer({ cert, key, allowHTTP1: true });
server.on('request', (request, response) => {
  const hash = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (part) => { hash.update(part); length += part.length; });
  request.on('end', () => {
    const said = { version: request.httpVersion, method: request.method, url: request.url, length,
      sha256: hash.digest('hex'), headers: request.rawHeaders, trailers: request.rawTrailers };
    response.setHeader('X-Odd-Case', '1');
    response.end(JSON.stringify(said));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
