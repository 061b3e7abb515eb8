/** The researcher's dashboard: pages come from the server whole; this adds what HTML can't do. */
import "@fontsource-variable/inter/wght.css";
import "./tokens.css";
import "./dashboard.css";
import "./parts.css";
import "./tables.css";
import "./studies.css";
import "./live.css";
import "./people.css";
import "./explained.css";
import "./quality.css";
import "./figures.css";
import "./authoring.css";
import "./items.css";
import htmx from "htmx.org";
import { showDevices } from "./devices";
import { helpEditing } from "./editing";
import { drawCharts } from "./figures";
import { helpForms } from "./forms";
import { helpMoments } from "./moments";
import { keepUpToDate } from "./polling";
import { showLocalTimes } from "./times";
import { helpUploads } from "./uploads";
import { say } from "./voice";

// The content security policy allows neither: htmx must not even try.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
// Only what this page's own server sends is put into it.
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;

function enliven(root: ParentNode): void {
  showLocalTimes(root);
  drawCharts(root);
  helpForms(root);
  helpMoments(root);
  helpEditing(root);
  helpUploads(root);
  showDevices(root);
}

/** What a request that htmx made came back with, when it was no success. */
function trouble(event: Event): void {
  const status = (event as CustomEvent<{ xhr?: XMLHttpRequest }>).detail.xhr?.status ?? 0;
  if (status === 401) return; // htmx is on its way to the log-in page
  say(
    status === 0
      ? "The server can't be reached. What you see may be out of date."
      : status === 403
        ? "This was refused: load the page again, and try once more."
        : `The server answered with an error (${status}). What you see may be out of date.`,
    "bad",
  );
}

document.addEventListener("htmx:responseError", trouble);
document.addEventListener("htmx:sendError", trouble);
document.addEventListener("htmx:timeout", trouble);
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.target;
  if (target instanceof Element) enliven(target.parentElement ?? target);
});
enliven(document);

// On a narrow screen the tabs of a study are a strip: the open one must be seen.
const strip = document.querySelector<HTMLElement>(".side-tabs");
const open = strip?.querySelector<HTMLElement>("[aria-current]");
if (strip && open && strip.scrollWidth > strip.clientWidth) {
  strip.scrollLeft = open.offsetLeft - (strip.clientWidth - open.offsetWidth) / 2;
}
keepUpToDate();
