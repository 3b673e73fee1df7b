// Everything a page does in the browser; each part looks for what it works on.
import { drawCharts } from "./charts.js";
import { startLive } from "./live.js";
import { drawProofs } from "./proofs.js";
import { showTimes, startClock } from "./time.js";

const shown = new WeakMap();

async function loadFragment(place) {
  try {
    const answer = await fetch(place.dataset.fragment);
    const text = answer.ok ? await answer.text() : shown.get(place);
    if (text === shown.get(place)) return;
    shown.set(place, text);
    place.innerHTML = text;
    showTimes(place);
  } catch {
    place.textContent = "This could not be loaded. Reload the page to try again.";
  }
}

function offerCopy(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

function goBack(link) {
  if (history.length > 1) {
    link.addEventListener("click", (event) => { event.preventDefault(); history.back(); });
  }
}

const fragments = [...document.querySelectorAll("[data-fragment]")];
startLive(() => { drawCharts(); drawProofs(); fragments.forEach(loadFragment); });
startClock();
drawCharts();
drawProofs();
addEventListener("resize", drawProofs);
fragments.forEach(loadFragment);
document.querySelectorAll("[data-copy]").forEach(offerCopy);
document.querySelectorAll("[data-back]").forEach(goBack);
