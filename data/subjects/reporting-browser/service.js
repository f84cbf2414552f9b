// What the browser of the case tells its maker, and when.
//
// Documented, from the decompiled Mint Browser 3.4.0 (W. Palant, 2020-05-04):
// the names of the events and of their properties; that every page is reported
// twice; that private mode makes no difference; that downloads carry whether
// they were private.
// Our reconstruction: that it happens in an extension of Chromium, and by which
// of its events. `edition.js` is written by Candor when it lays out the files:
// the `config` of an edition in `data/subjects/reporting-browser.toml`.

import { track, wake } from "./queue.js";
import { searchOf } from "./searches.js";
import { leakOf, mayReport } from "./switches.js";

async function report(event, properties, incognito) {
  if (await mayReport(incognito)) await track(event, properties);
  else await leakOf(event, properties);
}

const isPage = ({ frameId, url }) => frameId === 0 && /^https?:/.test(url);

async function isIncognito(tabId) {
  try {
    return (await chrome.tabs.get(tabId)).incognito;
  } catch {
    return true; // the tab is gone: nobody can say, so the quieter answer
  }
}

let turn = Promise.resolve();

/// One page after another, in the order in which they came: two that are looked
/// at together could be counted as one.
function inTurn(act) {
  turn = turn.then(act, act);
}

chrome.webNavigation.onCommitted.addListener((page) => {
  if (isPage(page)) inTurn(() => begun(page));
});

async function begun(page) {
  const incognito = await isIncognito(page.tabId);
  await report("page_load_event_start", { url: page.url }, incognito);
  const search = searchOf(page.url);
  if (search) await report("search", search, incognito);
}

chrome.webNavigation.onCompleted.addListener(async (page) => {
  if (!isPage(page)) return;
  await report("page_load_event_finish", { url: page.url }, await isIncognito(page.tabId));
});

chrome.downloads.onCreated.addListener(async ({ url, incognito }) => {
  const suffix = new URL(url).pathname.split(".").slice(1).pop() ?? "";
  await report("download_files", { op: "start", suffix, url, type: incognito ? "privacy" : "general" }, incognito);
});

chrome.alarms.onAlarm.addListener(wake);

// A service worker starts many times in one session of the browser; the app of
// the case starts once.
async function startOnce() {
  const { started } = await chrome.storage.session.get("started");
  if (!started) {
    await chrome.storage.session.set({ started: true });
    await chrome.storage.local.set({ sessions: ((await chrome.storage.local.get("sessions")).sessions ?? 0) + 1 });
    await report("$AppStart", {}, false);
  }
  await wake();
}

// Listened to only to be woken when the browser starts.
chrome.runtime.onStartup.addListener(() => {});
startOnce();
