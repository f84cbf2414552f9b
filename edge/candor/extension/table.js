// The switches, as on the guard's own page: the sets that most people need, and
// below them single kinds of data, each with a column for each mode. Red: off,
// and something asks for it. A switch stands as the guard says, and moves when
// the guard has answered.

import { colour } from "./colour.js";
import { guard } from "./config.js";
import { ask } from "./guard.js";

const MODES = ["normal", "private"];
const sets = document.getElementById("sets");
const table = document.getElementById("switches");
const says = document.getElementById("says");

const make = (name, ...rest) => {
  const element = document.createElement(name);
  element.append(...rest);
  return element;
};

function row(what) {
  const name = make("th", make("span", what.label));
  name.scope = "row";
  name.append(Object.assign(make("small", what.says), { className: "says" }));
  if (what.stops) name.append(Object.assign(make("small", `While it is off: ${what.stops}`), { className: "says" }));
  if (what.modes === "both") {
    const both = make("td", cell(what, "normal", "all windows"));
    both.colSpan = 2;
    return make("tr", name, both);
  }
  return make("tr", name, ...MODES.map((mode) => make("td", cell(what, mode, `${mode} windows`))));
}

function cell(what, mode, windows) {
  const [on, asks, until] = [what[mode], what[`${mode}_asks`] ?? 0, what[`${mode}_until`]];
  const some = what[`${mode}_some`] === true;
  const box = Object.assign(document.createElement("input"), { type: "checkbox", id: `${what.id}-${mode}`, checked: on });
  box.indeterminate = some;
  if (!some) box.setAttribute("role", "switch");
  box.setAttribute("aria-label", `${what.label}, ${windows}`);
  box.addEventListener("change", () => turn(box, what, mode, some ? false : box.checked));
  const word = until ? "on for an hour" : some ? "some" : on ? "on" : asks > 0 ? `off, asked ${asks}×` : "off";
  const shown = Object.assign(make("span", word), { className: on || some ? "on" : asks > 0 ? "asks" : "off" });
  return make("label", box, shown);
}

async function turn(box, what, mode, on) {
  box.disabled = true;
  const change = what.is_set ? { set: what.id, mode, on } : { kind: what.id, mode, on };
  try {
    draw(await ask("/api/change", change), box.id);
    say("");
  } catch (error) {
    box.checked = !on;
    box.disabled = false;
    say(`Not changed: ${error.message}`);
  }
  colour();
}

function draw(all, focus) {
  sets.replaceChildren(...all.sets.map((set) => row({ ...set, is_set: true })));
  table.replaceChildren(...all.kinds.map(row));
  if (focus) document.getElementById(focus)?.focus();
  if (all.trouble) say(`The file of choices cannot be read, so what was chosen before counts: ${all.trouble}`);
  document.body.dataset.ready = "yes";
}

function say(text) {
  says.textContent = text;
}

// The guard's page lets nobody in without a link, and each link works once.
document.getElementById("more").addEventListener("click", async (click) => {
  click.preventDefault();
  try {
    const { link } = await ask("/api/link", { to: "/settings" });
    await chrome.tabs.create({ url: link });
  } catch (error) {
    say(`The guard's page cannot be opened: ${error.message}`);
  }
});

document.getElementById("more").href = `${guard.page}/settings`;
try {
  draw(await ask("/api/choices"));
} catch {
  say("The guard cannot be reached. Nothing leaves this browser until `candor guard` runs again.");
}
