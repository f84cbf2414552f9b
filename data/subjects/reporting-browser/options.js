// The settings that a person finds: one switch a line, in the words of the case.
// An edition without switches shows none.

import { edition } from "./edition.js";
import { positions, throwSwitch } from "./switches.js";

const WORDS = {
  "incognito-mode": "Incognito Mode",
  "enhanced-incognito-mode": "Enhanced Incognito Mode",
  "usage-statistics": "Send the addresses I visit as usage statistics",
};

const stand = await positions();
for (const name of Object.keys(edition.switches ?? {})) {
  const box = Object.assign(document.createElement("input"), { type: "checkbox", id: name, checked: stand[name] });
  box.addEventListener("change", async () => {
    await throwSwitch(name, box.checked);
    box.dataset.kept = box.checked ? "on" : "off";
  });
  const line = document.createElement("label");
  line.append(WORDS[name] ?? name, box);
  document.getElementById("switches").append(line);
}
document.body.dataset.ready = "yes";
