// The colour of the button: red while something asks for what is off, grey
// otherwise. A ring, if the guard cannot be reached.

import { ask } from "./guard.js";

const RED = "#c62828";
const GREY = "#757575";

let waits = null;

/// Looks again, but not at every request.
export function soon() {
  waits ??= setTimeout(() => {
    waits = null;
    colour();
  }, 1000);
}

export async function colour() {
  let asks = null;
  try {
    const { kinds } = await ask("/api/choices");
    asks = kinds.some((kind) => ["normal", "private"].some((mode) => !kind[mode] && kind[`${mode}_asks`] > 0));
  } catch {
    // Drawn as a ring.
  }
  const title = { true: "Candor: something asks for what is off", false: "Candor: all quiet", null: "Candor: the guard cannot be reached" };
  chrome.action.setTitle({ title: title[asks] });
  chrome.action.setIcon({ imageData: { 16: dot(16, asks), 32: dot(32, asks) } });
}

function dot(size, asks) {
  const pen = new OffscreenCanvas(size, size).getContext("2d");
  pen.beginPath();
  pen.arc(size / 2, size / 2, size * 0.38, 0, 2 * Math.PI);
  pen.fillStyle = pen.strokeStyle = asks ? RED : GREY;
  pen.lineWidth = size / 8;
  if (asks === null) pen.stroke();
  else pen.fill();
  return pen.getImageData(0, 0, size, size);
}
