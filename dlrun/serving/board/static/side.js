// What stands beside the list: one run with all that it holds, or several over each other.

import {ask, duration, make, moment, number, Refused} from "./asking.js";
import {colour, Curves, refreshCurves} from "./curves.js";
import {link} from "./list.js";

const SPLITS = ["validation", "test", "train"];

export class Side {
  constructor(place, on) {
    this.place = place;
    this.on = on;
    this.shown = null; // what is shown: the name of a run, or "" for the chosen ones
    this.told = null;
  }

  close() {
    this.curves?.close();
    this.curves = null;
    this.shown = null;
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /** Show a run, or where there is none the chosen ones; only what has changed is drawn again. */
  async refresh(run, chosen, statuses) {
    const wanted = run || (chosen.length ? "" : null);
    if (wanted === null) { if (this.shown !== null) this.close(); return; }
    if (this.shown !== wanted) this.begin(wanted);
    if (run) await this.refreshRun(run);
    else await this.refreshChosen(chosen, statuses);
  }

  begin(wanted) {
    this.close();
    this.shown = wanted;
    this.told = null;
    this.writes = 0;
    this.isOld = false;
    this.parts = {};
    const back = make("button", {type: "button", className: "quiet", textContent: "Close"});
    back.addEventListener("click", () => this.on.close());
    const names = wanted ? ["head", "curves", "metrics", "words", "report", "plots", "config", "files", "log"] : ["head", "curves", "keys", "metrics"];
    for (const name of names) this.parts[name] = make("div");
    this.place.replaceChildren(make("p", {className: "tools bar"}, back), ...Object.values(this.parts));
    this.place.hidden = false;
    this.curves = new Curves(this.parts.curves);
    this.place.scrollTop = 0;
  }

  async refreshRun(run) {
    const {writes} = this;
    const told = await ask("run", {run}, {again: this.told !== null && !this.isOld});
    if (this.shown !== run) return;
    this.isOld = writes !== this.writes; // what was written meanwhile is not in it
    if (this.isOld) return;
    if (told !== null) this.drawRun(told);
    const isNew = await refreshCurves([run]);
    if (this.shown === run && (isNew || told !== null)) this.curves.draw([{run, label: this.told.label}]);
  }

  drawRun(told) {
    const first = this.told === null;
    this.told = told;
    const ended = told.seconds === null ? "" : ` after ${duration(told.seconds)}`;
    const epochs = told.epochs === null ? "" : `, epoch ${told.epochs}${told.of_epochs === null ? "" : ` of ${told.of_epochs}`}`;
    const pick = make("input", {type: "checkbox", checked: this.on.isChosen(told.run)});
    pick.addEventListener("change", () => this.on.choose(told.run));
    put(this.parts.head,
      make("h2", {}, make("bdi", {textContent: told.label})),
      make("p", {className: "muted"}, make("bdi", {textContent: told.path})),
      make("p", {}, make("span", {className: `status ${told.status}`, textContent: told.status}), told.status === "running" ? epochs : ended, told.started ? `, begun ${moment(told.started, "medium")}` : ""),
      told.reason ? make("p", {className: "remark", textContent: told.reason}) : null,
      make("p", {className: "tools"}, make("label", {}, pick, "chosen, to be drawn over others")));
    if (first) this.drawWords(told);
    this.drawLabels(told);
    if (document.activeElement !== this.note && !this.isEdited()) { this.note.value = told.note || ""; this.before = told.note; }
    this.drawMetrics(told);
    this.drawFiles(told);
  }

  isEdited() {
    return this.note.value !== (this.before || "");
  }

  drawWords(told) {
    this.labels = make("p", {className: "chips"});
    this.refusal = make("p", {className: "remark", role: "alert", hidden: true});
    this.label = make("input", {id: "label", placeholder: "another label", maxLength: 60, autocomplete: "off"});
    const add = make("form", {className: "tools"}, make("label", {}, "Labels ", this.label), make("button", {className: "quiet", textContent: "Add"}));
    add.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.label.value.trim();
      if (text) this.write({add: text}).then((done) => { if (done) this.label.value = ""; });
    });
    this.note = make("textarea", {id: "note", rows: 2, maxLength: 10000, value: told.note || ""});
    this.before = told.note;
    const save = make("form", {}, make("label", {}, "Note ", this.note), make("p", {className: "tools"}, make("button", {className: "quiet", textContent: "Save the note"})));
    save.addEventListener("submit", (event) => { event.preventDefault(); this.write({note: this.note.value, before: this.before}); });
    put(this.parts.words, this.labels, add, save, this.refusal);
  }

  drawLabels({labels}) {
    put(this.labels, ...labels.map((label) => {
      const away = make("button", {type: "button", textContent: "×", title: "Take it away", "aria-label": `take the label ${label} away`});
      away.addEventListener("click", () => this.write({remove: label}));
      return make("span", {className: "label"}, make("bdi", {textContent: label}), away);
    }));
  }

  async write(change) {
    const run = this.shown;
    this.refusal.hidden = true;
    this.writes += 1;
    try {
      const notes = await ask("notes", {run, ...change});
      if (this.shown !== run) return true;
      this.before = notes.note;
      if ("note" in change) this.note.value = notes.note || "";
      this.drawLabels(notes);
      this.on.wrote();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refusal.textContent = error.message;
      this.refusal.hidden = false;
      return false;
    }
  }

  drawMetrics({metrics}) {
    const splits = SPLITS.filter((one) => one in metrics);
    const names = [...new Set(splits.flatMap((one) => Object.keys(metrics[one])))];
    put(this.parts.metrics, splits.length ? make("h3", {textContent: "Metrics"}) : null,
      splits.length ? table(["", ...splits], names.map((name) => [name, ...splits.map((one) => number(metrics[one][name]))])) : null);
  }

  drawFiles(told) {
    const report = told.files.find((one) => one.name === "report.html");
    const plots = told.files.filter((one) => one.kind === "plot");
    const wanted = JSON.stringify([told.files.map((one) => [one.name, one.bytes]), told.status]);
    if (this.files !== wanted || !this.parts.files.hasChildNodes()) {
      put(this.parts.report, report ? folded("Report", () => make("iframe", {src: report.address, title: "The report of the run", "sandbox": "", referrerPolicy: "no-referrer"}), link(report.address, "in a tab of its own")) : null);
      put(this.parts.plots, plots.length ? folded(`Plots (${plots.length})`, () => make("div", {className: "gallery"}, ...plots.map(figure))) : null);
      put(this.parts.files, told.files.length ? folded("Files", () => make("ul", {className: "plain"}, ...told.files.map((one) => make("li", {}, link(one.address, one.name), ` ${size(one.bytes)}`)))) : null);
      const facts = [...Object.entries(told.facts), ...Object.entries(told.versions || {}).map(([name, version]) => [`versions.${name}`, version]), ...Object.entries(told.config)];
      put(this.parts.config, facts.length ? folded("Config", () => table(["key", "value"], facts.map(([key, value]) => [key, String(value)]), "keys")) : null);
      this.files = wanted;
    }
    const log = this.parts.log.querySelector("pre");
    if (log) log.textContent = told.log;
    else put(this.parts.log, told.log ? folded("Log", () => make("pre", {className: "log", textContent: this.told.log})) : null);
  }

  async refreshChosen(chosen, statuses) {
    const wanted = JSON.stringify([chosen, statuses]);
    const isNew = await refreshCurves(chosen);
    if (this.shown !== "") return;
    if (this.drawn !== wanted || !this.parts.head.hasChildNodes()) {
      this.drawn = wanted;
      const beside = chosen.length > 1 ? await ask("compare", {runs: chosen}).catch((error) => {
        if (!(error instanceof Refused)) throw error;
        return {problem: error.message};
      }) : null;
      if (this.shown !== "") return;
      this.drawChosen(chosen, beside);
    } else if (isNew) this.curves.draw(this.lines);
  }

  drawChosen(chosen, beside) {
    const short = (run) => run.replace(/^.*\//, "").replace(/^\d{8}-\d{6}_(?=.)/, "");
    this.lines = chosen.map((run) => ({run, label: short(run)}));
    const none = make("button", {type: "button", className: "quiet", textContent: "Choose none"});
    none.addEventListener("click", () => this.on.chooseNone());
    put(this.parts.head, make("h2", {textContent: `${chosen.length} chosen`}),
      make("ul", {className: "legend"}, ...chosen.map((run, at) => {
        const name = make("button", {type: "button", className: "link", title: run}, make("bdi", {textContent: short(run)}));
        name.addEventListener("click", () => this.on.show(run));
        const away = make("button", {type: "button", className: "link", textContent: "×", "aria-label": `do not choose ${short(run)}`});
        away.addEventListener("click", () => this.on.choose(run));
        const swatch = make("span", {className: "swatch"});
        swatch.style.background = colour(at);
        return make("li", {}, swatch, name, away);
      })), make("p", {className: "tools"}, none));
    this.curves.draw(this.lines);
    if (!beside) { put(this.parts.keys); put(this.parts.metrics); return; }
    if (beside.problem) { put(this.parts.keys, make("p", {className: "remark", textContent: beside.problem})); put(this.parts.metrics); return; }
    const heads = ["", ...this.lines.map((one) => one.label)];
    const keys = Object.entries(beside.keys).map(([key, cells]) => [key, ...cells.map((one) => one === null ? "" : String(one))]);
    put(this.parts.keys, make("h3", {textContent: "What was asked differently"}),
      keys.length ? wide(table(heads, keys, "keys")) : make("p", {textContent: "Nothing: the same config."}));
    const metrics = beside.metrics.map((row) => [row.name, ...row.values.map((value, at) => row.best.includes(at) ? make("span", {className: "best", textContent: number(value)}) : number(value))]);
    put(this.parts.metrics, make("h3", {textContent: "What came of it"}),
      ...beside.warnings.map((text) => make("p", {className: "remark", textContent: text.replace(/^warning: /, "")})),
      metrics.length ? wide(table(heads, metrics)) : make("p", {textContent: "No run has metrics yet."}));
  }
}

function put(place, ...parts) {
  place.replaceChildren(...parts.filter((one) => one !== null && one !== undefined));
}

/** A part that is made when it is opened for the first time. */
function folded(title, content, ...beside) {
  const made = make("details", {}, make("summary", {}, make("strong", {textContent: title}), " ", ...beside));
  made.addEventListener("toggle", () => { if (made.open && made.childElementCount === 1) made.append(content()); });
  return made;
}

function figure({address, name}) {
  const title = name.replace(/^plots\//, "");
  const picture = make("a", {href: address, target: "_blank", rel: "noopener noreferrer"}, make("img", {src: address, alt: title, loading: "lazy", referrerPolicy: "no-referrer"}));
  return make("figure", {}, picture, make("figcaption", {textContent: title}));
}

function table(heads, rows, className = "") {
  const cell = (one, at) => at ? make("td", {}, one) : make("th", {scope: "row"}, make("bdi", {}, ...breakable(one)));
  return make("table", {className}, make("thead", {}, make("tr", {}, ...heads.map((one) => make("th", {scope: "col", textContent: one})))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell)))));
}

/** Let a dotted name be broken after its dots and underscores only, where it has to be. */
function breakable(name) {
  return name.split(/(?<=[._])/).flatMap((part, at) => at ? [make("wbr"), part] : [part]);
}

function wide(inside) {
  return make("div", {className: "wide"}, inside);
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
