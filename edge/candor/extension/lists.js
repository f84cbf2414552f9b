// Tells the guard where pages went and what they ask for, so that it knows a
// page's request from the browser's own. What an extension asks for is no
// page's, and is not listed.

import { soon } from "./colour.js";
import { guard } from "./config.js";
import { ask } from "./guard.js";

/// Requests wait for the guard's decision; so the list must not be late.
const TOGETHER_MS = 15;

const waiting = new Map([["normal", lists()], ["private", lists()]]);
let timer = null;

function lists() {
  return { pages: new Set(), requests: new Set() };
}

function list(modes, what, url) {
  for (const mode of modes) waiting.get(mode)[what].add(url);
  timer ??= setTimeout(() => tell(), TOGETHER_MS);
}

function tell(isThere = false) {
  timer = null;
  for (const [mode, { pages, requests }] of waiting) {
    if (pages.size + requests.size === 0 && !isThere) continue;
    waiting.set(mode, lists());
    const said = { device: "this-machine", program: guard.program, mode, pages: [...pages], requests: [...requests] };
    // Without a guard there is no network either.
    ask("/api/listed", said).catch(() => {});
  }
  soon();
}

const isPrivate = new Map();
const remember = (tab) => isPrivate.set(tab.id, tab.incognito);
chrome.tabs.onCreated.addListener(remember);
chrome.tabs.onRemoved.addListener((id) => isPrivate.delete(id));
chrome.tabs.query({}).then((tabs) => tabs.forEach(remember));

/// The mode of a tab; both, if there is no tab to tell it (a worker of a page).
async function modesOf({ tabId, incognito }) {
  if (tabId >= 0 && incognito === undefined && !isPrivate.has(tabId)) {
    await chrome.tabs.get(tabId).then(remember, () => {});
  }
  const hidden = incognito ?? isPrivate.get(tabId);
  return hidden === undefined ? ["normal", "private"] : [hidden ? "private" : "normal"];
}

const isWeb = (url) => /^(https?|wss?):/.test(url ?? "");

chrome.webRequest.onBeforeRequest.addListener(
  (request) => {
    const from = request.initiator ?? request.originUrl;
    // A person's own navigation has a tab and comes from nowhere.
    const isPages = from === undefined || from === "null" ? request.tabId >= 0 : isWeb(from);
    if (isPages) modesOf(request).then((modes) => list(modes, "requests", request.url));
  },
  { urls: ["<all_urls>"] },
);

function went(page) {
  if (page.frameId === 0 && isWeb(page.url)) {
    modesOf({ tabId: page.tabId }).then((modes) => list(modes, "pages", page.url));
  }
}
chrome.webNavigation.onCommitted.addListener(went);
chrome.webNavigation.onHistoryStateUpdated.addListener(went);

// A list that nobody keeps any more would accuse other browsers.
chrome.alarms.create("there", { periodInMinutes: 0.5 });
chrome.alarms.onAlarm.addListener(() => tell(true));
