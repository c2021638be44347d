// Curves of runs over each other, which grow while the runs are trained.

import {ask, make, number} from "./asking.js";

const COLOURS = 8; // of the style, from --c0
const dark = matchMedia("(prefers-color-scheme: dark)");
const told = new Map(); // by run, its curves as they were told last
const SYNC = "epochs";

/** The colour of the so many-th run, as the style has it. */
export const colour = (at) => `var(--c${at % COLOURS})`;

/** Ask for what is new in the curves of runs; says whether anything is. */
export async function refreshCurves(names) {
  for (const name of told.keys()) if (!names.includes(name)) told.delete(name);
  if (!names.length) return false;
  const have = Object.fromEntries(names.map((name) => [name, told.get(name)?.stamp ?? null]));
  const found = await ask("curves", {runs: have});
  let isNew = false;
  for (const [name, one] of Object.entries(found)) {
    if (one === null) continue;
    told.set(name, one);
    isNew = true;
  }
  return isNew;
}

/** Charts, one for each quantity: of the training rows as a line, of the validation rows dashed. */
export class Curves {
  constructor(place) {
    this.place = place;
    this.charts = new Map();
    this.logarithmic = false;
    this.problem = make("p", {className: "remark", hidden: true});
    this.grid = make("div", {className: "curves"});
    const log = make("input", {type: "checkbox", id: "log"});
    log.addEventListener("change", () => { this.logarithmic = log.checked; this.draw(this.runs, true); });
    this.tools = make("p", {className: "tools"}, make("label", {}, log, "logarithmic"));
    place.append(this.tools, this.problem, this.grid);
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.grid);
    this.repaint = () => this.draw(this.runs, true);
    dark.addEventListener("change", this.repaint);
  }

  close() {
    this.sizes.disconnect();
    dark.removeEventListener("change", this.repaint);
    for (const one of this.charts.values()) one.plot.destroy();
  }

  /** Draw runs: [{run, label}], in their order. */
  draw(runs = [], anew = false) {
    this.runs = runs;
    const quantities = new Map();
    const problems = [];
    runs.forEach(({run, label}, at) => {
      const one = told.get(run);
      if (one?.problem) problems.push(one.problem);
      for (const column of Object.keys(one?.columns || {})) {
        const name = column.replace(/^val_/, "");
        if (!quantities.has(name)) quantities.set(name, []);
        quantities.get(name).push({at, label, column, one, dashed: name !== column});
      }
    });
    this.problem.hidden = !problems.length;
    this.problem.textContent = problems.join(" ");
    this.tools.hidden = !quantities.size;
    for (const [name, chart] of this.charts) {
      if (quantities.has(name)) continue;
      chart.plot.destroy();
      chart.home.remove();
      this.charts.delete(name);
    }
    for (const [name, lines] of quantities) this.chart(name, lines, anew);
  }

  chart(name, lines, anew) {
    const identity = JSON.stringify(lines.map((one) => [one.at, one.label, one.column]));
    const values = (one) => one.one.columns[one.column].map((value) => this.logarithmic && value <= 0 ? null : value);
    const data = uPlot.join(lines.map((one) => [one.one.epochs, values(one)]));
    let chart = this.charts.get(name);
    const last = lines.map((one) => `${one.label} ${one.column} ${number(one.one.columns[one.column].at(-1))}`).join(", ");
    if (chart && !anew && chart.identity === identity) {
      chart.plot.setData(data);
      chart.home.setAttribute("aria-label", `${name} by epoch; last: ${last}`);
      return;
    }
    const home = chart?.home || make("div", {className: "curve", role: "img"}, make("h3", {textContent: name}));
    chart?.plot.destroy();
    if (!chart) this.grid.append(home);
    home.setAttribute("aria-label", `${name} by epoch; last: ${last}`);
    const plot = new uPlot(this.options(home, lines), data, home);
    this.charts.set(name, {plot, home, identity});
  }

  options(home, lines) {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--muted").trim(), rule = style.getPropertyValue("--rule").trim();
    const axis = {stroke: ink, grid: {stroke: rule, width: 1}, ticks: {stroke: rule, width: 1}, font: "12px system-ui, sans-serif"};
    const painted = (at) => style.getPropertyValue(`--c${at % COLOURS}`).trim();
    const several = this.runs.length > 1; // a run has its colour in each chart, alone in it or not
    return {
      width: Math.max(200, home.clientWidth), height: 220,
      scales: {x: {time: false}, y: {distr: this.logarithmic ? 3 : 1}},
      cursor: {sync: {key: SYNC}, focus: {prox: 24}, drag: {x: true, y: false}},
      focus: {alpha: 0.35},
      axes: [{...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000]}, {...axis, size: 58}],
      series: [{label: "epoch", value: (_, value) => value === null ? "last" : String(value)}, ...lines.map((one) => ({
        label: several ? `${one.label} ${one.dashed ? "val" : "train"}` : one.column,
        stroke: painted(several ? one.at : one.dashed ? 1 : 0), width: 1.6, dash: one.dashed ? [6, 4] : [], spanGaps: true,
        points: {show: one.one.epochs.length < 2, size: 6},
        // Where the pointer is nowhere, what came last.
        value: (_, value, __, at) => number(at === null ? one.one.columns[one.column].at(-1) : value),
      }))],
    };
  }

  fit() {
    for (const {plot, home} of this.charts.values()) {
      const width = Math.max(200, home.clientWidth);
      if (Math.abs(plot.width - width) > 1) plot.setSize({width, height: 220});
    }
  }
}
