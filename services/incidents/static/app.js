// Everything a page does in the browser; each part looks for what it works on.
import { startCharts } from "./charts.js";
import { startLive } from "./live.js";
import { showTimes, startClock } from "./time.js";

async function loadFragment(place) {
  try {
    const answer = await fetch(place.dataset.fragment);
    if (answer.ok) {
      place.innerHTML = await answer.text();
      showTimes(place);
    }
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

const charts = document.querySelector("[data-charts]");
const redraw = charts ? startCharts(charts) : () => {};
const fragments = [...document.querySelectorAll("[data-fragment]")];
startLive(() => { redraw(); fragments.forEach(loadFragment); });
startClock();
fragments.forEach(loadFragment);
document.querySelectorAll("[data-copy]").forEach(offerCopy);
document.querySelectorAll("[data-back]").forEach(goBack);
