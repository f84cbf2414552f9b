// node origin.js CERT KEY PAGE: three servers that keep what they are asked, as it
// came: HTTP/1.1 and HTTP/2 behind TLS, and one in clear. When the last page is
// done, everything is printed as one line of JSON, and the next visit begins.
const crypto = require('crypto'), fs = require('fs'), http = require('http'), http2 = require('http2'), https = require('https'), zlib = require('zlib');
const [cert, key, page] = process.argv.slice(2).map((file) => fs.readFileSync(file));
const NEXT = { one: 'https://two-ghoskmbqwert.com/page', two: 'http://clear-ghoskmbqwert.com/page', clear: '' };
let visit = { asked: [], said: {} };

// Names that a browser makes up anew each time have a name of ours.
const settled = (fields, body) => {
  const kept = [...fields];
  for (let at = 0; at < kept.length; at += 2) {
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(kept[at + 1]);
    if (boundary) {
      const length = kept.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-length') + 1;
      if (length && kept[length] === String(body.length)) kept[length] = 'as long as it is';
      body = Buffer.from(body.toString('latin1').replaceAll(boundary[1], 'BOUNDARY'), 'latin1');
      kept[at + 1] = kept[at + 1].replace(boundary[1], 'BOUNDARY');
    }
    if (kept[at].toLowerCase() === 'sec-websocket-key' && kept[at + 1].length === 24) kept[at + 1] = 'KEY';
  }
  return [kept, body];
};

const keep = (name, request, bytes) => {
  const [fields, body] = settled(request.rawHeaders, bytes);
  const sha256 = crypto.createHash('sha256').update(body).digest('hex');
  visit.asked.push({ server: name, version: request.httpVersion, method: request.method, url: request.url, fields, length: body.length, sha256 });
  return body;
};

let happenings;
const answer = (name, request, body, response) => {
  const path = request.url.split('?')[0];
  const give = (type, says, more = {}) => response.writeHead(200, { 'Content-Type': type, ...more }).end(says);
  if (path === '/page') give('text/html', page, { 'Set-Cookie': ['third=3', 'fourth=4; HttpOnly'] });
  else if (path === '/events') (happenings = response.writeHead(200, { 'Content-Type': 'text/event-stream' })).write('data: first\n\n');
  else if (path === '/more') { happenings.end('data: second\n\n'); give('text/plain', ''); }
  else if (path === '/odd') give('text/plain', 'odd', { 'X-ODD': 'a', 'x-lower': 'b', 'X-Twice': ['1', '2'] });
  else if (path === '/packed') give('text/plain', zlib.gzipSync('unpacked'), { 'Content-Encoding': 'gzip' });
  else if (path === '/file') give('application/octet-stream', Buffer.alloc(300000, 'candor'));
  else if (path === '/trailers') {
    response.writeHead(200, { 'Content-Type': 'text/plain', Trailer: 'X-Sum' });
    response.write('with trailers');
    response.addTrailers({ 'X-Sum': '7' });
    response.end();
  } else if (path === '/report') { visit.said[name] = JSON.parse(body); give('text/plain', NEXT[name]); }
  else if (path === '/done') {
    console.log(JSON.stringify(visit));
    visit = { asked: [], said: {} };
    give('text/plain', '');
  } else give('text/plain', `${request.method} ${body.length}`);
};

const serve = (name, server, address, port) => {
  server.on('request', (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', () => {
      answer(name, request, keep(name, request, Buffer.concat(parts)), response);
    });
  });
  server.on('upgrade', (request, socket) => {
    keep(name, request, Buffer.alloc(0));
    const accept = crypto.createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    let wire = Buffer.alloc(0);
    socket.on('error', () => {}).on('data', (part) => {
      wire = Buffer.concat([wire, part]);
      for (let frame = read(wire); frame; frame = read(wire)) {
        wire = wire.subarray(frame.end);
        visit.asked.push({ server: name, message: frame.code, length: frame.says.length, sha256: crypto.createHash('sha256').update(frame.says).digest('hex') });
        // What was said comes back; to a close, a close, and the end.
        socket.write(written(frame.code, frame.says));
        if ((frame.code & 15) === 8) socket.end();
      }
    });
  });
  return new Promise((done) => server.listen(port, address, done));
};

// A frame of a client (RFC 6455 §5.2), once it is there as a whole.
const read = (wire) => {
  if (wire.length < 2) return null;
  const short = wire[1] & 127, from = { 126: 4, 127: 10 }[short] || 2;
  if (wire.length < from + 4) return null;
  const length = short === 126 ? wire.readUInt16BE(2) : short === 127 ? Number(wire.readBigUInt64BE(2)) : short;
  const end = from + 4 + length;
  if (wire.length < end) return null;
  const mask = wire.subarray(from, from + 4);
  return { code: wire[0], end, says: Buffer.from(wire.subarray(from + 4, end).map((byte, at) => byte ^ mask[at % 4])) };
};

const written = (code, says) => {
  const head = says.length < 126 ? [code, says.length] : says.length < 65536 ? [code, 126, says.length >> 8, says.length & 255]
    : [code, 127, 0, 0, 0, 0, ...new Uint8Array(new Uint32Array([says.length]).buffer).reverse()];
  return Buffer.concat([Buffer.from(head), says]);
};

Promise.all([
  serve('one', https.createServer({ cert, key }), '198.51.100.1', 443),
  serve('two', http2.createSecureServer({ cert, key, allowHTTP1: true }), '198.51.100.2', 443),
  serve('clear', http.createServer(), '198.51.100.3', 80),
]).then(() => console.log('ready'));
process.stdin.on('end', () => process.exit()).resume();
