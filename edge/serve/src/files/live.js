// Puts what happens into the list as it happens. Everything said comes from the
// server as plain text and is set as text.
"use strict";

const list = document.getElementById("events");
const state = document.getElementById("live");
const template = document.getElementById("event");
const MOST = 60;

function add(said) {
  const row = template.content.cloneNode(true);
  for (const place of row.querySelectorAll("[data-say]")) place.textContent = said[place.dataset.say];
  row.querySelector("a").setAttribute("href", "/event/" + Number(said.id));
  row.querySelector("svg").setAttribute("class", "shape " + said.look);
  row.querySelector("li").className = "new " + said.look;
  document.getElementById("empty")?.remove();
  list.prepend(row);
  while (list.children.length > MOST) list.lastElementChild.remove();
}

if (list && state && template) {
  const source = new EventSource("/live");
  source.addEventListener("open", () => (state.textContent = state.dataset.on, state.className = "on"));
  source.addEventListener("error", () => (state.textContent = state.dataset.off, state.className = "off"));
  source.addEventListener("missed", () => (state.textContent = state.dataset.missed));
  source.addEventListener("event", (message) => add(JSON.parse(message.data)));
}
