// The board: what its address says is what it shows; it asks again and again while it is looked at.

import {ask, Locked, Refused, unlock} from "./asking.js";
import {counts, List} from "./list.js";
import {Side} from "./side.js";

const QUICK = 1000, SLOW = 5000; // milliseconds between questions: while runs work, and else
const MOST_CHOSEN = 24;
const EMPTY = {where: "", sort: "", order: "", columns: "", sweep: "", offset: 0, run: "", chosen: []};
const state = structuredClone(EMPTY);
const main = document.querySelector("main");
const told = document.getElementById("state");
let timer = null, isAsking = false, isWanted = false, isDrawn = false;

function readAddress() {
  Object.assign(state, structuredClone(EMPTY));
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (name === "chosen") state.chosen.push(value);
    else if (name === "offset") state.offset = Math.max(0, parseInt(value, 10) || 0);
    else if (name in EMPTY) state[name] = value;
  }
}

function writeAddress(isStep) {
  const words = new URLSearchParams();
  for (const [name, usual] of Object.entries(EMPTY)) {
    if (name === "chosen") for (const one of state.chosen) words.append("chosen", one);
    else if (state[name] !== usual) words.set(name, state[name]);
  }
  const address = words.size ? `#${words}` : location.pathname;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function change(values, {isStep = false} = {}) {
  Object.assign(state, values);
  writeAddress(isStep);
  isDrawn = false;
  soon();
}

function choose(run) {
  if (!run) return;
  const isIn = state.chosen.includes(run);
  if (!isIn && state.chosen.length >= MOST_CHOSEN) { say(`At most ${MOST_CHOSEN} runs are drawn at once.`); return; }
  change({chosen: isIn ? state.chosen.filter((one) => one !== run) : [...state.chosen, run]});
}

readAddress();
const list = new List(state, {change, choose, show: (run) => change({run}, {isStep: true})});
const side = new Side(document.getElementById("side"), {
  choose, close, isChosen: (run) => state.chosen.includes(run),
  show: (run) => change({run}, {isStep: true}),
  chooseNone: () => change({chosen: [], run: ""}),
  wrote: soon,
});

function close() {
  change(state.run ? {run: ""} : {chosen: []});
}

function say(text, isLost = false) {
  if (told.textContent !== text) told.textContent = text;
  told.classList.toggle("lost", isLost);
}

/** Ask now; while an answer is awaited, right after it. */
function soon() {
  clearTimeout(timer);
  if (isAsking) isWanted = true;
  else refresh();
}

async function refresh() {
  isAsking = true;
  isWanted = false;
  let pause = SLOW;
  try {
    const query = JSON.stringify(list.query());
    const found = await ask("runs", list.query(), {again: isDrawn});
    if (found !== null && query === JSON.stringify(list.query())) {
      list.draw(found);
      isDrawn = true;
    }
    const known = list.told;
    main.classList.toggle("both", Boolean(state.run || state.chosen.length));
    await side.refresh(state.run, state.chosen, known.runs.filter((one) => state.chosen.includes(one.run)).map((one) => [one.run, one.status]));
    main.hidden = false;
    document.getElementById("door").hidden = true;
    const atWork = (known.statuses.running || 0) + (known.statuses.extending || 0) + known.sweeps.filter((one) => one.at_work).length;
    pause = known.unread ? 50 : atWork ? QUICK : SLOW;
    say(known.unread ? `reading: ${known.unread} runs are left` : `${counts(known.statuses) || "no runs"}${atWork ? ", live" : ""}`);
  } catch (error) {
    pause = refused(error);
  }
  isAsking = false;
  if (isWanted) refresh();
  else if (pause !== null && !document.hidden) timer = setTimeout(refresh, pause);
}

/** Say what went wrong, and when to ask again; null for not before somebody does something. */
function refused(error) {
  if (error instanceof Locked) {
    main.hidden = true;
    document.getElementById("door").hidden = false;
    say("");
    return null;
  }
  if (error instanceof Refused) {
    say(error.message, true);
    if (state.run) change({run: ""}); // it was removed, or renamed
    return SLOW;
  }
  if (error instanceof TypeError && /fetch|network|load/i.test(error.message)) {
    say("The board does not answer: has `dlrun board` ended?", true);
    return SLOW;
  }
  say(`This page failed: ${error.message}`, true);
  console.error(error);
  return SLOW;
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && !main.hidden) soon(); });
addEventListener("popstate", () => {
  readAddress();
  for (const name of ["where", "columns", "sort", "order"]) list.form[name].value = state[name];
  isDrawn = false;
  soon();
});
document.getElementById("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = document.getElementById("key");
  try {
    await unlock(typed.value);
    typed.value = "";
    soon();
  } catch (error) { say(error.message, true); }
});

const help = document.getElementById("help");
document.getElementById("help-button").addEventListener("click", () => help.showModal());

const KEYS = {
  j: () => list.move(1), ArrowDown: () => list.move(1),
  k: () => list.move(-1), ArrowUp: () => list.move(-1),
  x: () => choose(list.current()),
  c: () => change({run: ""}), C: () => change({chosen: [], run: ""}),
  l: () => document.getElementById("label")?.focus(), n: () => document.getElementById("note")?.focus(),
  "/": () => list.form.where.focus(), "?": () => help.showModal(),
  "[": () => list.turn(-1), "]": () => list.turn(1),
  Escape: close,
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || main.hidden) return;
  const isTyping = event.target.matches("textarea, select, input:not([type=checkbox])");
  if (isTyping) { if (event.key === "Escape") event.target.blur(); return; }
  if (event.key === "Enter" && event.target === document.body) { event.preventDefault(); change({run: list.current() || ""}, {isStep: true}); return; }
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

const behind = location.hash.slice(1);
if (behind && !behind.includes("=")) {
  history.replaceState(null, "", location.pathname);
  readAddress();
  try { await unlock(behind); } catch (error) { say(error.message, true); }
}
refresh();
