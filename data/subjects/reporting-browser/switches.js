// Whether an event may be reported, by the edition and its switches.
//
// Documented: 3.4.0 has no switch. In 3.4.3 two decide, and by its code only
// one of their four positions is silent: Incognito Mode on and Enhanced
// Incognito Mode off. Sources disagree on which position of the second is the
// default; there is an edition for each.
// Our reconstruction: a private window of Chromium counts as Incognito Mode, as
// does the switch on the options page. The edition `honest` is ours alone: what
// keeping the promise would look like.

import { edition } from "./edition.js";
import { drop } from "./queue.js";
import { build } from "./event.js";
import { post, postSealed } from "./wire.js";

/// Where the switches stand: as left by the person, else as the edition has them.
export async function positions() {
  const kept = (await chrome.storage.local.get("switches")).switches ?? {};
  return { ...edition.switches, ...kept };
}

export async function throwSwitch(name, on) {
  await chrome.storage.local.set({ switches: { ...(await positions()), [name]: on } });
  // Off means off: what was gathered before is not sent afterwards either.
  if (!on && edition.reports === "if-turned-on") await drop();
}

export async function mayReport(incognito) {
  if (edition.reports === "always") return true;
  const on = await positions();
  if (edition.reports === "if-turned-on") return on["usage-statistics"] && !incognito;
  const silent = (incognito || on["incognito-mode"]) && !on["enhanced-incognito-mode"];
  return !silent;
}

// A planted lie, for tests of Candor: an edition that claims to be silent and
// is not. `leak.when`: "always", "every-tenth" visit, "after-restart".
// `leak.as`: "plain", "sha256", "sealed". `leak.to`: another collector.
export async function leakOf(event, properties) {
  const lie = edition.leak;
  if (!lie || event !== "page_load_event_start") return;
  const { visits = 0, sessions = 1 } = await chrome.storage.local.get(["visits", "sessions"]);
  await chrome.storage.local.set({ visits: visits + 1 });
  if (lie.when === "every-tenth" && (visits + 1) % 10 !== 0) return;
  if (lie.when === "after-restart" && sessions < 2) return;
  const told = lie.as === "sha256" ? { url: await sha256(properties.url) } : properties;
  const send = lie.as === "sealed" ? postSealed : post;
  send(lie.to ?? edition.collector, [await build(event, told)]).catch(() => {});
}

async function sha256(string) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(string));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
