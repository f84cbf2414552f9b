// node client.js PROXY CA URL: many HTTP/2 streams at once through CONNECT, each
// with a body of its own; prints what the server said of each.
const fs = require('fs'), http = require('http'), http2 = require('http2'), tls = require('tls');
const [proxy, ca, url] = process.argv.slice(2);
const { hostname, port, host, pathname } = new URL(url);
const at = new URL(proxy);
const connect = http.request({ host: at.hostname, port: at.port, method: 'CONNECT', path: host });
connect.on('connect', (_, socket) => {
  const secure = tls.connect({ socket, servername: hostname, ALPNProtocols: ['h2'], ca: fs.readFileSync(ca) }, () => {
    const session = http2.connect(`https://${host}`, { createConnection: () => secure });
    const ask = (number) => new Promise((done, failed) => {
      const stream = session.request({ ':method': 'POST', ':path': `${pathname}?${number}`, 'x-b': '1', 'x-a': `${number}`,
        'x-long': 'y'.repeat(30000) }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-after': `${number}` }));
      let text = '';
      stream.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => done(text)).on('error', failed);
      stream.end(Buffer.alloc(number * 10007, number));
    });
    Promise.all(Array.from({ length: 40 }, (_, number) => ask(number))).then((all) => {
      console.log(`[${all.join(',')}]`);
      session.close();
    });
  });
});
connect.end();
