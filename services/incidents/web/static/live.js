// Keeps a page up to date: when the stream opens, at every pushed change, and where the page says so every so many
// seconds, the page is fetched anew and the parts marked data-live that differ are put in place. Nothing else moves: scroll position, focus and open details stay.
import { showTimes } from "./time.js";

const RETRY = 3000, PAUSE = 1000;
const received = new WeakMap();

function remember(root) {
  for (const unit of units(root)) received.set(unit, unit.outerHTML);
}

function units(root) {
  return [...root.querySelectorAll("[data-live]")].flatMap((place) => place.dataset.live === "list" ? [...place.children] : [place]);
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  old.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((details, index) => { details.open = Boolean(open[index]); });
  if (focused) document.getElementById(focused)?.focus();
}

function put(fresh, old) {
  received.set(fresh, fresh.outerHTML);
  showTimes(fresh);
  if (old) replace(old, fresh);
}

function putList(place, list) {
  const kept = new Set();
  let after = null;
  for (const fresh of [...list.children]) {
    const old = document.getElementById(fresh.id);
    const same = old && received.get(old) === fresh.outerHTML;
    if (!same) put(fresh, old);
    const item = same ? old : fresh;
    if (!old) item.classList.add("arrived");
    const wanted = after ? after.nextElementSibling : place.firstElementChild;
    if (item !== wanted) place.insertBefore(item, wanted);
    kept.add(item);
    after = item;
  }
  for (const item of [...place.children]) if (!kept.has(item)) item.remove();
}

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  for (const place of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(place.id);
    if (place.dataset.live === "list") putList(place, fresh);
    else if (received.get(place) !== fresh.outerHTML) put(fresh, place);
  }
}

// One refresh at a time, with a pause after it; changes until then cause one more.
function coalesce(work) {
  let running = false, again = false;
  return async function run() {
    if (running) { again = true; return; }
    running = true;
    try { await work(); } catch { /* the stream notices a lost connection and refreshes when it is back */ }
    setTimeout(() => {
      running = false;
      if (again) { again = false; run(); }
    }, PAUSE);
  };
}

function show(state, text) {
  const line = document.getElementById("line");
  line.dataset.state = state;
  line.querySelector(".line-text").textContent = text;
  document.getElementById("lost").hidden = state !== "lost";
}

function announce(incident) {
  const worst = incident.alerts.at(-1);
  document.getElementById("news").textContent =
    incident.status === "firing" ? `Incident: ${worst.name}, ${worst.severity}, firing.` : `Resolved: ${worst.name}.`;
}

function announceVerdict({ new: another, verdict }) {
  if (another) document.getElementById("news").textContent = `Verdict: ${verdict.domain}, ${verdict.summary}`;
}

export function startLive(onChange) {
  const address = document.body.dataset.stream;
  if (!address) return;
  remember(document);
  const update = coalesce(async () => { await refresh(); onChange(); });
  let stream = null, stale = true;

  function connect() {
    stream = new EventSource(address);
    stream.addEventListener("open", () => {
      show("open", "Live");
      if (stale) update();
      stale = false;
    });
    stream.addEventListener("error", () => {
      stale = true;
      show("lost", "Not connected");
      stream.close();
      setTimeout(connect, RETRY);
    });
    stream.addEventListener("heartbeat", update);
    stream.addEventListener("verdict", (event) => {
      update();
      announceVerdict(JSON.parse(event.data));
    });
    stream.addEventListener("incident", (event) => {
      update();
      announce(JSON.parse(event.data));
    });
  }
  connect();
  const { every } = document.body.dataset;
  if (every) setInterval(() => { if (!document.hidden) update(); }, every * 1000);
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { stale = true; connect(); } });
}
