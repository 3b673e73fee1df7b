// One curve over time as SVG, of the height its kind asks for. Attributes only, no inline styles: the page's policy forbids them.
export const SVG = "http://www.w3.org/2000/svg";
import { writeTime } from "./time.js";

const LEFT = 52, RIGHT = 8, TOP = 18, HEIGHT = 132, SMALL = 56, AXIS = 24;
const DAY = 86400;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * 60);

function add(parent, tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// The smallest round number (two figures at most) at or above the value.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((candidate) => candidate >= value * 0.999);
}

// Round times in the reader's zone, at most `most` of them.
function chooseTicks(start, end, most) {
  const step = STEPS.find((candidate) => (end - start) / candidate <= most) ?? DAY * Math.ceil((end - start) / DAY / most);
  const offset = new Date(start * 1000).getTimezoneOffset() * 60;
  const ticks = [];
  for (let time = Math.ceil((start - offset) / step) * step + offset; time <= end; time += step) ticks.push(time);
  return ticks;
}

export function nearest(points, time, step) {
  let best = null;
  for (const point of points) {
    if (Math.abs(point[0] - time) <= 1.5 * step && (!best || Math.abs(point[0] - time) < Math.abs(best[0] - time))) best = point;
  }
  return best;
}

// Unbroken stretches: a missing point is a gap in the curve, not a straight line over it.
function stretches(points, step) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1);
    if (last && point[0] - last.at(-1)[0] <= 1.5 * step) last.push(point);
    else found.push([point]);
  }
  return found;
}

function drawAxes(svg, scale, charts, kind, width, withTimes) {
  for (const share of kind.small ? [0, 1] : [0, 0.5, 1]) {
    const y = scale.y(scale.top * share);
    add(svg, "line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
    add(svg, "text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, kind.write(scale.top * share));
  }
  if (!withTimes) return;
  const span = charts.end - charts.start;
  const form = span > DAY ? "day" : "minute";
  for (const time of chooseTicks(charts.start, charts.end, width / (span > DAY ? 130 : 80))) {
    add(svg, "line", { class: "grid", x1: scale.x(time), x2: scale.x(time), y1: scale.bottom, y2: scale.bottom + 5 });
    add(svg, "text", { x: scale.x(time), y: scale.bottom + 19, "text-anchor": "middle" }, writeTime(time, form));
  }
}

function drawIncident(svg, scale, charts, kind, width) {
  const from = scale.x(charts.started_at);
  const to = charts.ended_at === null ? width - RIGHT : scale.x(charts.ended_at);
  add(svg, "rect", { class: "incident-window", x: from, y: TOP, width: Math.max(1, to - from), height: scale.bottom - TOP });
  for (const x of charts.ended_at === null ? [from] : [from, to]) {
    add(svg, "line", { class: "incident-edge", x1: x, x2: x, y1: TOP, y2: scale.bottom });
  }
  if (kind.small) return;
  const room = width - RIGHT - from > 70;
  add(svg, "text", { class: "incident-name", x: room ? from : width - RIGHT, y: TOP - 6, "text-anchor": room ? "start" : "end" },
    charts.ended_at === null ? "alert firing" : "incident");
}

function drawLimit(svg, scale, limit, width) {
  const y = scale.y(limit.value);
  add(svg, "line", { class: "limit", x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
  add(svg, "text", { class: "limit-name", x: LEFT + 6, y: y - 6 }, limit.name);
}

function drawCurve(svg, scale, points, step) {
  for (const stretch of stretches(points, step)) {
    const path = stretch.map(([time, value]) => `${scale.x(time).toFixed(1)},${scale.y(value).toFixed(1)}`);
    const [first, last] = [stretch[0][0], stretch.at(-1)[0]].map((time) => scale.x(time).toFixed(1));
    if (stretch.length === 1) add(svg, "circle", { class: "lonely", cx: first, cy: scale.y(stretch[0][1]), r: 2 });
    add(svg, "path", { class: "under", d: `M${first},${scale.y(0)}L${path.join("L")}L${last},${scale.y(0)}Z` });
    add(svg, "path", { class: "curve", d: `M${path.join("L")}` });
  }
}

export function drawPlot(svg, charts, kind, width, withTimes) {
  const { points } = charts[kind.key];
  const limit = kind.limit ?? null;
  const bottom = TOP + (kind.small ? SMALL : HEIGHT);
  const height = bottom + (withTimes ? AXIS : 6);
  const top = roundUp(Math.max(kind.least, limit ? limit.value * 1.2 : 0, ...points.map(([, value]) => value))) || 1;
  const scale = {
    top,
    bottom,
    x: (time) => LEFT + (time - charts.start) / (charts.end - charts.start) * (width - LEFT - RIGHT),
    y: (value) => TOP + (bottom - TOP) * (1 - value / top),
  };
  svg.setAttribute("class", `plot ${kind.key}`);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  drawAxes(svg, scale, charts, kind, width, withTimes);
  if (charts.started_at !== null) drawIncident(svg, scale, charts, kind, width);
  drawCurve(svg, scale, points, charts.step);
  if (limit) drawLimit(svg, scale, limit, width);
  const cross = add(svg, "line", { class: "cross", y1: TOP, y2: bottom, visibility: "hidden" });
  const here = add(svg, "circle", { class: "here", r: 5, visibility: "hidden" });
  return {
    timeAt: (x) => charts.start + Math.min(1, Math.max(0, (x - LEFT) / (width - LEFT - RIGHT))) * (charts.end - charts.start),
    mark(time, point) {
      cross.setAttribute("x1", scale.x(time));
      cross.setAttribute("x2", scale.x(time));
      cross.setAttribute("visibility", "visible");
      here.setAttribute("visibility", point ? "visible" : "hidden");
      if (!point) return;
      here.setAttribute("cx", scale.x(point[0]));
      here.setAttribute("cy", scale.y(point[1]));
    },
  };
}
