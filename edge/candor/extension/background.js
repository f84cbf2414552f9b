// What runs as long as the browser does. Everything that is listened to is said
// here and in the files imported, before anything is waited for: a worker that
// was asleep is woken only for what it had said at once.
//
// `config.js` is written by `candor open`: where the guard is, and the key that
// lets this browser ask it.

import "./ports.js";
import "./lists.js";
import { colour } from "./colour.js";

chrome.runtime.onStartup.addListener(colour);
chrome.runtime.onInstalled.addListener(colour);
