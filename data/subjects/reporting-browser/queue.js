// Events wait on disk until they are sent.
//
// Documented (sa-sdk-android): events are stored first and sent by a timer or
// when many wait, at most 50 in one POST, until none is left; what was stored
// outlives the app. After any answer but 403, 404 and 500–599 they are deleted;
// after those, and without an answer, they are kept.
// Our reconstruction: the interval. The SDK's default is 15,000 ms, its minimum
// 5,000; an edition says which, so that a short audit sees what a long one would.

import { edition } from "./edition.js";
import { build } from "./event.js";
import { post } from "./wire.js";

const AT_ONCE = 50;
const MANY = 100;

let turn = Promise.resolve();
let timer = null;

/// One after another: two writers would lose each other's events.
function inTurn(act) {
  turn = turn.then(act, act);
  return turn;
}

const waiting = async () => (await chrome.storage.local.get("queue")).queue ?? [];

export function track(event, properties) {
  return inTurn(async () => {
    const queue = [...(await waiting()), await build(event, properties)];
    await chrome.storage.local.set({ queue });
    schedule(queue.length >= MANY ? 0 : edition.flush_ms);
  });
}

export const wake = () => schedule(edition.flush_ms);

export const drop = () => inTurn(() => chrome.storage.local.set({ queue: [] }));

function schedule(delay) {
  if (timer !== null && delay > 0) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = null;
    inTurn(flush);
  }, delay);
  // A service worker may sleep before its timer rings; an alarm wakes it.
  chrome.alarms.create("flush", { delayInMinutes: 0.5 });
}

async function flush() {
  for (let queue = await waiting(); queue.length > 0; queue = await waiting()) {
    const some = queue.slice(0, AT_ONCE);
    if (!(await settled(some))) return;
    await chrome.storage.local.set({ queue: queue.slice(some.length) });
  }
}

/// Whether these need not be kept any longer.
async function settled(events) {
  try {
    const { status } = await post(edition.collector, events);
    return status !== 403 && status !== 404 && !(status >= 500 && status <= 599);
  } catch {
    return false; // no connection
  }
}
