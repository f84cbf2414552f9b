// node tunnels.js PROXY CA URL: many tunnels on one connection of HTTP/2 to the
// proxy, TLS in each, and in that HTTP/1.1 and HTTP/2 by turns; one tunnel leads
// nowhere. Prints what the server said in each, and the status of the last.
const fs = require('fs'), https = require('https'), http2 = require('http2'), tls = require('tls');
const [proxy, file, url] = process.argv.slice(2);
const { host, hostname, pathname } = new URL(url), ca = fs.readFileSync(file);
const session = http2.connect(proxy, { ca });
const connect = (target) => new Promise((done, failed) => {
  const stream = session.request({ ':method': 'CONNECT', ':authority': target }, { endStream: false });
  stream.on('response', (fields) => done([stream, fields[':status']])).on('error', failed);
});
const text = (stream) => new Promise((done, failed) => {
  let all = '';
  stream.setEncoding('utf8').on('data', (part) => { all += part; }).on('end', () => done(all)).on('error', failed);
});
const ask = async (number) => {
  const [stream] = await connect(host);
  const body = Buffer.alloc(number * 10007, number), fields = { 'x-b': '1', 'X-Tunnel': `${number}`, 'x-a': '2' };
  const ALPNProtocols = [number % 2 ? 'h2' : 'http/1.1'];
  const secure = tls.connect({ socket: stream, servername: hostname, ALPNProtocols, ca });
  await new Promise((done, failed) => secure.on('secureConnect', done).on('error', failed));
  if (number % 2) {
    const inner = http2.connect(url, { createConnection: () => secure });
    const asked = inner.request({ ':method': 'POST', ':path': pathname, ...fields });
    asked.end(body);
    const said = await text(asked);
    inner.close();
    return said;
  }
  return new Promise((done, failed) => {
    const asked = https.request(url, { method: 'POST', headers: fields, createConnection: () => secure });
    asked.on('response', (answer) => text(answer).then(done)).on('error', failed).end(body);
  });
};
Promise.all(Array.from({ length: 30 }, (_, number) => ask(number))).then(async (said) => {
  const [, status] = await connect('localhost:1');
  console.log(`[${said.join(',')},${status}]`);
  process.exit();
});
