// Who the reports are about.
//
// Documented (3.4.0): `anonymous_id` is a random UUIDv4, kept with the time
// `aigt` and the lifetime `anonymous_ei` of 7,776,000,000 ms (90 days). It is
// made anew when `aigt` is older than that. But `aigt` is written again at
// every read: the identifier changes only after 90 days in which the browser
// was never started. `$device_id` is ANDROID_ID, which outlives clearing the
// app's data.
// Our reconstruction: ANDROID_ID comes with the edition, from the device that
// Candor plays.

import { edition } from "./edition.js";

const NINETY_DAYS = 7_776_000_000;

export async function anonymousId() {
  const kept = await chrome.storage.local.get(["anonymous_id", "aigt", "anonymous_ei"]);
  const lifetime = kept.anonymous_ei ?? NINETY_DAYS;
  const expired = !kept.anonymous_id || Date.now() - kept.aigt > lifetime;
  const id = expired ? crypto.randomUUID() : kept.anonymous_id;
  // The bug: the clock starts again at every read.
  await chrome.storage.local.set({ anonymous_id: id, aigt: Date.now(), anonymous_ei: lifetime });
  return id;
}

export const deviceId = () => edition.android_id ?? "0000000000000000";
