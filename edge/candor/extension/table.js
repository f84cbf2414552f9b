// The table of switches, as on the guard's own page: kinds of data, and a column
// for each mode. Red: off, and something asks for it. A switch stands as the
// guard says, and moves when the guard has answered.

import { colour } from "./colour.js";
import { guard } from "./config.js";
import { ask } from "./guard.js";

const MODES = ["normal", "private"];
const table = document.getElementById("switches");
const says = document.getElementById("says");

const make = (name, ...rest) => {
  const element = document.createElement(name);
  element.append(...rest);
  return element;
};

function row(kind) {
  const name = make("th", make("span", kind.label));
  name.scope = "row";
  name.append(Object.assign(make("small", kind.says), { className: "says" }));
  return make("tr", name, ...MODES.map((mode) => make("td", cell(kind, mode))));
}

function cell(kind, mode) {
  const [on, asks, until] = [kind[mode], kind[`${mode}_asks`], kind[`${mode}_until`]];
  const box = Object.assign(document.createElement("input"), { type: "checkbox", id: `${kind.id}-${mode}`, checked: on });
  box.setAttribute("role", "switch");
  box.setAttribute("aria-label", `${kind.label}, ${mode} windows`);
  box.addEventListener("change", () => turn(box, kind.id, mode));
  const word = until ? "on for an hour" : on ? "on" : asks > 0 ? `off, asked ${asks}×` : "off";
  const shown = Object.assign(make("span", word), { className: on ? "on" : asks > 0 ? "asks" : "off" });
  return make("label", box, shown);
}

async function turn(box, kind, mode) {
  const on = box.checked;
  box.disabled = true;
  try {
    draw(await ask("/api/change", { kind, mode, on }), box.id);
    say("");
  } catch (error) {
    box.checked = !on;
    box.disabled = false;
    say(`Not changed: ${error.message}`);
  }
  colour();
}

function draw({ kinds, trouble }, focus) {
  table.replaceChildren(...kinds.map(row));
  if (focus) document.getElementById(focus)?.focus();
  if (trouble) say(`The file of choices cannot be read, so what was chosen before counts: ${trouble}`);
  document.body.dataset.ready = "yes";
}

function say(text) {
  says.textContent = text;
}

document.getElementById("more").href = `${guard.page}/settings`;
try {
  draw(await ask("/api/choices"));
} catch {
  say("The guard cannot be reached. Nothing leaves this browser until `candor guard` runs again and the browser was opened by `candor open`.");
}
