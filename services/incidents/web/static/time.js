// Times in the reader's own zone (UTC stays in the title), and durations that keep counting.
const FORMS = {
  minute: new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" }),
  clock: new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  day: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hourCycle: "h23", hour: "2-digit", minute: "2-digit" }),
  full: new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "numeric", hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit",
  }),
};

export function writeTime(seconds, form = "clock") {
  return FORMS[form].format(new Date(seconds * 1000));
}

export function writeDuration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60), hours = Math.floor(whole / 3600), days = Math.floor(whole / 86400);
  const join = (large, unit, small, part) => small ? `${large} ${unit} ${small} ${part}` : `${large} ${unit}`;
  if (days) return join(days, "d", hours % 24, "h");
  if (hours) return join(hours, "h", minutes % 60, "min");
  return minutes ? join(minutes, "min", whole % 60, "s") : `${whole} s`;
}

export function showTimes(root) {
  for (const time of root.querySelectorAll("time[data-form]")) {
    time.textContent = FORMS[time.dataset.form].format(new Date(time.dateTime));
  }
  showDurations(root);
}

function showDurations(root) {
  for (const place of root.querySelectorAll("[data-since]")) {
    const text = writeDuration((Date.now() - new Date(place.dataset.since)) / 1000);
    if (place.textContent !== text) place.textContent = text;
  }
}

export function startClock() {
  showTimes(document);
  setInterval(() => showDurations(document), 1000);
}
