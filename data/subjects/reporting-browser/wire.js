// Events as bytes: the envelope of the SDK of the case.
//
// Documented (sa-sdk-android, the same from v3.2 to v6.8): the array of events
// as JSON, gzip, base64 with padding, percent-encoding, in a form
// `crc=<i32>&gzip=1&data_list=…`, where `crc` is Java's `String.hashCode` of
// the base64. `_flush_time` is set when an event is sent.

const text = new TextEncoder();

/// Java: h = 31·h + c over the characters, in 32 bits, signed.
export function hashCode(string) {
  let hash = 0;
  for (let at = 0; at < string.length; at++) hash = (Math.imul(31, hash) + string.charCodeAt(at)) | 0;
  return hash;
}

export async function gzip(bytes) {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export async function post(address, events) {
  const sent = events.map((event) => ({ ...event, _flush_time: Date.now() }));
  const data = base64(await gzip(text.encode(JSON.stringify(sent))));
  return fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: `crc=${hashCode(data)}&gzip=1&data_list=${encodeURIComponent(data)}`,
  });
}

/// The same, but for nobody else to read: encrypted under a key that is thrown
/// away. What remains to be seen is that, when and how much was sent.
export async function postSealed(address, events) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const packed = await gzip(text.encode(JSON.stringify(events)));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, packed);
  return fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: new Blob([iv, sealed]),
  });
}
