// Charts on one time axis, with the incident shaded: of the recommender hit rate, and storage latency with its deadline;
// of a service its requests, failures and latency.
import { writeTime } from "./time.js";
import { SVG, drawPlot, nearest } from "./plot.js";

const EVERY = 10000;
const percent = (value) => `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)}%`;
const milliseconds = (value) => value >= 1000 ? `${Number((value / 1000).toFixed(2))} s` : `${value.toFixed(0)} ms`;

const perSecond = (value) => `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))}/s`;

const STACK = [
  { key: "quality", name: "Hit rate", meaning: "share of requests in which the user clicked something", write: percent, least: 0.1 },
  { key: "latency", name: "Storage latency", meaning: "95th percentile of reading a user's features", write: milliseconds, least: 0 },
];
const SERVICE = [
  { key: "requests", name: "Requests", meaning: "per second", write: perSecond, least: 0 },
  { key: "failures", name: "Failed requests", meaning: "share of all requests", write: percent, least: 0.05 },
  { key: "latency", name: "Latency", meaning: "95th percentile", write: milliseconds, least: 0 },
];

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function describeChange(kind, curve) {
  if (!curve.points.length) return "no data in this time";
  const [before, during] = [curve.before, curve.during].map((value) => value === null ? "no data" : kind.write(value));
  return `${before} before, ${during} during the incident`;
}

function buildHead(kind, curve) {
  const head = element("div", "chart-head");
  const name = element("h3", "chart-name", `${kind.name} `);
  name.append(element("span", "", kind.meaning));
  const change = element("p", "chart-change");
  const words = describeChange(kind, curve).split(/(\d[\d.]*(?:%| ms| s|\/s))/);
  for (const word of words) change.append(/^\d/.test(word) ? element("b", "", word) : word);
  head.append(name, change);
  return head;
}

// Drawn anew, the charts keep the focus and the moment that is being read.
function draw(section, charts, read) {
  const kinds = charts.service ? SERVICE : STACK;
  const focused = section.querySelector(".plots")?.contains(document.activeElement);
  const plots = element("div", "plots");
  plots.tabIndex = 0;
  plots.setAttribute("role", "group");
  plots.setAttribute("aria-label", `Charts${charts.service ? ` of ${charts.service}` : ""}. Left and right arrow keys read values.`);
  const reading = element("p", "reading", "Point at the charts, or use the arrow keys, to read values.");
  reading.setAttribute("aria-live", "polite");
  section.querySelectorAll(".plots, .reading, [data-charts-note]").forEach((old) => old.remove());
  section.append(plots, reading);
  const width = Math.max(240, plots.clientWidth);
  const drawn = kinds.map((kind, index) => {
    const chart = element("div", "chart");
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${kind.name}: ${describeChange(kind, charts[kind.key])}`);
    chart.append(buildHead(kind, charts[kind.key]), svg);
    plots.append(chart);
    const deadline = kind.key === "latency" && charts.deadline_ms;
    const limit = deadline ? { value: deadline, name: `deadline ${deadline} ms` } : null;
    return drawPlot(svg, charts, { ...kind, limit }, width, index === kinds.length - 1);
  });
  followPointer(plots, reading, charts, kinds, drawn, read);
  if (focused) plots.focus({ preventScroll: true });
}

function followPointer(plots, reading, charts, kinds, drawn, read) {
  const times = (kinds.map((kind) => charts[kind.key].points).find((points) => points.length) ?? []).map(([time]) => time);
  function point(time) {
    read.time = time;
    const values = kinds.map((kind, index) => {
      const found = nearest(charts[kind.key].points, time, charts.step);
      drawn[index].mark(time, found);
      return `${kind.name.toLowerCase()} ${found ? kind.write(found[1]) : "unknown"}`;
    });
    reading.textContent = `At ${writeTime(time)}: ${values.join(", ")}.`;
  }
  plots.addEventListener("pointermove", (event) => {
    const left = plots.getBoundingClientRect().left;
    point(drawn[0].timeAt(event.clientX - left));
  });
  plots.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !times.length) return;
    event.preventDefault();
    const at = read.time === null ? (step > 0 ? -1 : times.length) : times.findIndex((time) => time >= read.time);
    point(times[Math.min(times.length - 1, Math.max(0, at + step))]);
  });
  if (read.time !== null) point(read.time);
}

function say(section, text) {
  section.querySelectorAll(".plots, .reading, [data-charts-note]").forEach((old) => old.remove());
  const note = element("p", "quiet", text);
  note.dataset.chartsNote = "";
  section.append(note);
}

function startCharts(section) {
  let charts = null;
  const read = { time: null };
  async function load() {
    try {
      const answer = await fetch(section.dataset.charts);
      const body = await answer.json();
      charts = answer.ok ? body : null;
      if (charts) draw(section, charts, read);
      else say(section, `${body.detail} The charts appear here when it is back.`);
    } catch {
      if (!charts) say(section, "The charts could not be loaded.");
    }
  }
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (charts && section.clientWidth !== width) draw(section, charts, read);
    width = section.clientWidth;
  });
  sized.observe(section);
  const timer = setInterval(() => {
    if (!section.isConnected) { clearInterval(timer); sized.disconnect(); return; }
    const busy = section.matches(":hover") || section.contains(document.activeElement);
    if (!document.hidden && !busy && (!charts || charts.ended_at === null)) load();
  }, EVERY);
  load();
  return load;
}

// Draws every place for charts, or draws it again; live updates bring new ones.
const drawn = new WeakMap();
export function drawCharts() {
  for (const section of document.querySelectorAll("[data-charts]")) {
    if (drawn.has(section)) drawn.get(section)();
    else drawn.set(section, startCharts(section));
  }
}
