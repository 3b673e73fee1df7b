// Small charts, of a verdict's evidence or a model's quality, drawn from the points in the page.
import { drawPlot } from "./plot.js";

function shorten(value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function write(value, unit) {
  if (unit === "s" || unit === "ms") {
    const milliseconds = unit === "s" ? value * 1000 : value;
    return milliseconds >= 1000 ? `${shorten(milliseconds / 1000)} s` : `${shorten(milliseconds)} ms`;
  }
  if (unit === "share") return `${shorten(value * 100)}%`;
  return shorten(unit === "points" ? value * 100 : value);
}

// Seconds between points, thinned out unevenly: somewhat more than the median distance.
function findStep(points) {
  const distances = points.slice(1).map(([time], index) => time - points[index][0]).sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] * 1.4;
}

function draw(svg) {
  const { points: text, unit, from, to, usual } = svg.dataset;
  const points = JSON.parse(text), width = svg.parentElement.clientWidth - parseFloat(getComputedStyle(svg.parentElement).paddingLeft) * 2;
  const [start, end] = [points[0][0], points.at(-1)[0]];
  const charts = {
    start, end, step: findStep(points),
    started_at: from ? Math.min(end, Math.max(start, Number(from))) : null,
    ended_at: to && Number(to) < end ? Number(to) : null,
    signal: { points },
  };
  svg.replaceChildren();
  const limit = usual ? { value: Number(usual), name: `usually ${write(Number(usual), unit)}` } : null;
  drawPlot(svg, charts, { key: "signal", small: true, least: 0, limit, write: (value) => write(value, unit) }, width, true);
}

export function drawProofs() {
  document.querySelectorAll("svg[data-points]").forEach(draw);
}
