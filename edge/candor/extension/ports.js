// Private windows go to the private port, all others to the normal one.
//
// Chromium has a setting for each; set again at every start, so that it is
// there whatever another extension did. Firefox asks about every request.
// `candor open` starts both on the private port: until this has run, and where
// it may not look, the stricter column counts.

import { guard } from "./config.js";

const place = (port) => {
  const at = port.lastIndexOf(":");
  return { host: port.slice(0, at), port: Number(port.slice(at + 1)) };
};

const isHere = (url) => /^\w+:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/.test(url);

function chromium() {
  const set = (scope, port) => {
    const singleProxy = { scheme: "http", ...place(port) };
    chrome.proxy.settings.set({ scope, value: { mode: "fixed_servers", rules: { singleProxy } } });
  };
  set("regular", guard.normal);
  set("incognito_persistent", guard.private);
}

function firefox() {
  const through = ({ incognito, url }) =>
    isHere(url) ? { type: "direct" } : { type: "http", ...place(incognito ? guard.private : guard.normal) };
  browser.proxy.onRequest.addListener(through, { urls: ["<all_urls>"] });
}

if (globalThis.browser?.proxy?.onRequest) firefox();
else chromium();
