// The list of runs: a page of it, what it is filtered by, and where the keyboard is in it.

import {age, duration, make, moment, number} from "./asking.js";

const FACTS = [["name", "name"], ["status", "status"], ["value", "value"], ["label", "labels"], ["started", "age"]];
const METRIC = /^(val|validation|test|train)[._]|^value$/;
const SIZE = 100; // runs on a page

export class List {
  /** `state` is what the address says; `on` hears of what is wanted: change, show, choose. */
  constructor(state, on) {
    this.state = state;
    this.on = on;
    this.at = 0;
    this.told = null;
    this.body = document.querySelector("#runs tbody");
    const form = document.getElementById("filter");
    const read = () => on.change({
      where: form.where.value.trim(), columns: form.columns.value.trim(), sort: form.sort.value.trim(),
      order: form.order.value, sweep: form.sweep.value, offset: 0,
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); read(); });
    form.addEventListener("change", read);
    for (const name of ["where", "columns", "sort", "order"]) form[name].value = state[name];
    this.form = form;
  }

  query() {
    const {where, sort, order, offset, sweep} = this.state;
    return {
      where, sort, offset, limit: SIZE, columns: this.columns(),
      descending: order === "" ? null : order === "down",
      sweep: sweep === "" ? null : sweep === "-" ? "" : sweep,
    };
  }

  columns() {
    return this.state.columns.split(",").map((one) => one.trim()).filter(Boolean);
  }

  draw(told) {
    this.told = told;
    document.getElementById("folder").textContent = told.folder;
    const problem = document.getElementById("problem");
    problem.hidden = !told.problem || told.unread > 0;
    problem.textContent = told.problem || "";
    this.at = Math.min(this.at, Math.max(0, told.runs.length - 1));
    this.drawSweeps(told);
    this.drawStatuses(told);
    this.drawHead();
    this.drawRows();
    this.drawPages(told);
    const none = document.getElementById("none");
    none.hidden = told.runs.length > 0 || Boolean(told.problem);
    none.textContent = told.unread ? "Reading ..." : told.every ? "There is no such run." :
      "There is no run yet. It appears here a second after `dlrun train` has begun it.";
  }

  drawSweeps({sweeps, comparison}) {
    const choice = this.form.sweep;
    const names = ["", "-", ...sweeps.map((one) => one.name)];
    if ([...choice.options].map((one) => one.value).join("\n") !== names.join("\n")) {
      choice.replaceChildren(...names.map((name) => make("option", {
        value: name, textContent: name === "" ? "all runs" : name === "-" ? "runs of no sweep" : `sweep ${name}`,
      })));
    }
    choice.value = this.state.sweep;
    choice.closest("label").hidden = !sweeps.length;
    const place = document.getElementById("sweeps");
    const wanted = JSON.stringify([sweeps, comparison, this.state.sweep]);
    if (place.dataset.shown === wanted) return;
    place.dataset.shown = wanted;
    const lines = sweeps.map((one) => {
      const ended = Object.values(one.statuses).reduce((sum, number) => sum + number, 0) - (one.statuses.running || 0);
      const name = make("button", {type: "button", className: "link"}, make("bdi", {textContent: one.name}));
      name.addEventListener("click", () => this.on.change({sweep: this.state.sweep === one.name ? "" : one.name, offset: 0}));
      return make("li", {}, make("span", {className: `status ${one.at_work ? "running" : ""}`}), name, " ",
        make("span", {className: "muted"}, counts(one.statuses) || "no run yet"), " ",
        one.trials === null ? null : make("progress", {max: one.trials, value: ended, "aria-label": `${ended} of ${one.trials} runs have ended`}),
        one.trials === null ? null : ` ${ended}/${one.trials} `,
        one.page ? link(one.page, "its page") : null);
    });
    place.replaceChildren(...(lines.length ? [make("details", {open: sweeps.length < 6}, make("summary", {textContent: `Sweeps (${sweeps.length})`}), make("ul", {className: "plain"}, ...lines))] : []),
      ...(comparison ? [make("p", {}, link(comparison, "The last comparison of runs, a page"))] : []));
  }

  drawStatuses({statuses, chosen}) {
    const chips = Object.entries(statuses).sort().map(([status, count]) => {
      const condition = status === "extending" ? "status=finished" : `status=${status}`;
      const isOn = this.state.where === condition;
      const chip = make("button", {type: "button", className: `chip status ${status}`, textContent: `${count} ${status}`, "aria-pressed": String(isOn)});
      chip.addEventListener("click", () => {
        this.form.where.value = isOn ? "" : condition;
        this.on.change({where: this.form.where.value, offset: 0});
      });
      return chip;
    });
    if (this.state.where) chips.push(make("span", {className: "muted", textContent: `${chosen} shown`}));
    replaceKept(document.getElementById("statuses"), chips);
  }

  drawHead() {
    const heads = [make("th", {className: "pick"}, make("span", {className: "muted", title: "chosen: drawn over each other, and compared", textContent: "✓"}))];
    for (const [key, text] of [...FACTS, ...this.columns().map((key) => [key, key])]) {
      const isSorted = this.state.sort === key || (!this.state.sort && key === "started");
      const button = make("button", {type: "button", textContent: isSorted ? `${text} ${this.state.order === "up" ? "↑" : this.state.order === "down" ? "↓" : "↕"}` : text});
      button.addEventListener("click", () => {
        const order = this.state.sort !== key ? "" : {"": "up", up: "down", down: ""}[this.state.order];
        this.form.sort.value = key;
        this.form.order.value = order;
        this.on.change({sort: key, order, offset: 0});
      });
      heads.push(make("th", {scope: "col", className: key === "value" || key === "started" ? "number" : ""}, button));
    }
    replaceKept(document.querySelector("#runs thead"), [make("tr", {}, ...heads)]);
  }

  drawRows() {
    const before = document.activeElement;
    const focused = this.body.contains(before) ? before.closest("tr").dataset.run : null;
    const kind = focused && before.type === "checkbox" ? "input" : "button";
    const rows = this.told.runs.map((run, at) => this.row(run, at));
    this.body.replaceChildren(...rows);
    if (focused !== null) rows.find((row) => row.dataset.run === focused)?.querySelector(kind).focus({preventScroll: true});
  }

  row(run, at) {
    const pick = make("input", {type: "checkbox", checked: this.state.chosen.includes(run.run), "aria-label": `choose ${run.name}`});
    pick.addEventListener("click", (event) => { event.stopPropagation(); this.at = at; this.on.choose(run.run); });
    const name = make("button", {type: "button", className: "link", title: run.name}, make("bdi", {textContent: run.label}));
    const begun = run.started ? moment(run.started) : "";
    const place = [run.sweep, begun].filter(Boolean).join(" · ");
    const words = make("td", {className: "words"}, ...run.labels.map((label) => make("span", {className: "label", textContent: label})));
    if (run.note) words.append(make("div", {className: "note", textContent: run.note}));
    if (run.reason && run.status !== "finished") words.append(make("div", {className: "note", textContent: run.reason}));
    const row = make("tr", {className: `${this.state.run === run.run ? "current" : ""} ${this.at === at ? "at" : ""}`},
      make("td", {className: "pick"}, pick),
      make("td", {className: "name"}, name, make("small", {}, make("bdi", {textContent: place}))),
      make("td", {className: "state"}, make("span", {className: `status ${run.status}`, textContent: run.status}), progress(run)),
      make("td", {className: "number value", title: run.metric || ""}, number(run.value), run.metric ? make("small", {textContent: run.metric}) : null),
      words,
      make("td", {className: "number age", title: run.started || ""}, age(run.started)),
      ...run.columns.map((value, column) => make("td", {className: "more", "data-key": this.columns()[column], textContent: METRIC.test(this.columns()[column]) ? number(value) : String(value ?? "-")})));
    row.dataset.run = run.run;
    row.addEventListener("click", () => { this.at = at; this.on.show(run.run); });
    return row;
  }

  drawPages({chosen}) {
    const {offset} = this.state, parts = [];
    if (chosen > SIZE) {
      const button = (text, to, isOn) => {
        const made = make("button", {type: "button", className: "quiet", textContent: text, disabled: !isOn});
        made.addEventListener("click", () => this.on.change({offset: to}));
        return made;
      };
      parts.push(button("Before", Math.max(0, offset - SIZE), offset > 0),
        make("span", {textContent: `${offset + 1} to ${Math.min(chosen, offset + SIZE)} of ${chosen}`}),
        button("Next", offset + SIZE, offset + SIZE < chosen));
    }
    replaceKept(document.getElementById("pages"), parts);
  }

  turn(by) {
    const to = this.state.offset + by * SIZE;
    if (this.told && to >= 0 && to < this.told.chosen) this.on.change({offset: to});
  }

  move(by) {
    if (!this.told?.runs.length) return;
    this.at = Math.min(this.told.runs.length - 1, Math.max(0, this.at + by));
    this.drawRows();
    const row = this.body.rows[this.at];
    row.querySelector("button").focus({preventScroll: true});
    row.scrollIntoView({block: "nearest"});
  }

  current() {
    return this.told?.runs[this.at]?.run;
  }
}

/** Put elements in the place of others, unless they look alike: what has the focus keeps it. */
function replaceKept(place, parts) {
  const text = parts.map((one) => one.outerHTML).join("");
  if (place.dataset.shown === text) return;
  const at = [...place.querySelectorAll("button")].indexOf(document.activeElement);
  place.dataset.shown = text;
  place.replaceChildren(...parts);
  if (at >= 0) place.querySelectorAll("button")[at]?.focus();
}

function progress(run) {
  if (run.epochs === null) return run.status === "finished" && run.seconds !== null ? make("small", {className: "muted", textContent: ` ${duration(run.seconds)}`}) : null;
  const told = run.of_epochs === null ? ` epoch ${run.epochs}` : ` epoch ${run.epochs}/${run.of_epochs}`;
  const bar = run.of_epochs === null ? null : make("progress", {max: run.of_epochs, value: run.epochs, "aria-label": told});
  return make("div", {}, bar, make("small", {className: "muted", textContent: told}));
}

export function counts(statuses) {
  return Object.entries(statuses).sort().map(([status, count]) => `${count} ${status}`).join(", ");
}

export function link(address, text) {
  return make("a", {href: address, target: "_blank", rel: "noopener noreferrer", textContent: text});
}
