// What the page asks of its server, and the key that it has to bear.

const KEPT = "dlrun-board-key";
const tags = new Map(); // by question, what was answered to it last

export class Refused extends Error {}
export class Locked extends Error {}

/** Take the key out of the address, where it must not stay, and turn it into the lasting one. */
export async function unlock(typed = "") {
  const behind = typed.includes("#") ? typed.slice(typed.indexOf("#") + 1) : typed.trim();
  const answer = await post("open", {key: behind}, {});
  if (!answer.ok) throw new Locked((await answer.json()).error);
  localStorage.setItem(KEPT, (await answer.json()).key);
}

function post(what, asked, headers) {
  return fetch(`/api/${what}`, {
    method: "POST",
    headers: {"content-type": "application/json", ...headers},
    body: JSON.stringify(asked),
    cache: "no-store",
    referrerPolicy: "no-referrer",
  });
}

/** Ask; null where the answer is the one that was given last to the same question. */
export async function ask(what, asked, {again = false} = {}) {
  const question = `${what} ${JSON.stringify(asked)}`;
  const headers = {authorization: `Bearer ${localStorage.getItem(KEPT) || ""}`};
  if (again && tags.has(question)) headers["if-none-match"] = tags.get(question);
  const answer = await post(what, asked, headers);
  if (answer.status === 304) return null;
  const told = await answer.json();
  if (answer.status === 401) throw new Locked(told.error);
  if (!answer.ok) throw new Refused(told.error);
  if (again) {
    if (tags.size > 50) tags.clear();
    tags.set(question, answer.headers.get("etag"));
  }
  return told;
}

/** Make an element; texts are texts, whatever they hold. */
export function make(tag, values = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

/** Write a number as `dlrun` does: 0.9790, 1.25e-05. */
export function number(value) {
  if (value === null || value === undefined) return "-";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  return (size !== 0 && size < 0.001) || size >= 1e6 ? value.toExponential(2) : value.toFixed(4);
}

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Write seconds as `3 min`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "-";
  const [size, unit] = UNITS.find(([least]) => seconds >= least) || [1, "s"];
  return `${size === 1 ? Math.max(0, seconds).toFixed(seconds < 10 ? 1 : 0) : Math.floor(seconds / size)} ${unit}`;
}

export function moment(started, timeStyle = "short") {
  // Its parts stay on one line.
  return new Date(started).toLocaleString([], {dateStyle: "medium", timeStyle}).replaceAll(" ", "\u00a0");
}

export function age(started) {
  if (!started) return "-";
  const seconds = (Date.now() - Date.parse(started)) / 1000;
  return seconds < 60 ? "now" : duration(seconds);
}
