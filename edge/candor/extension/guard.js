// Asks the guard: the same switches as on its own page.

import { guard } from "./config.js";

export async function ask(path, said) {
  const wish = { headers: { Authorization: `Bearer ${guard.key}` }, cache: "no-store", credentials: "omit" };
  if (said) {
    wish.method = "POST";
    wish.headers["Content-Type"] = "application/json";
    wish.body = JSON.stringify(said);
  }
  const answer = await fetch(guard.page + path, wish);
  if (!answer.ok) throw new Error((await answer.text()) || `the guard says ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}
