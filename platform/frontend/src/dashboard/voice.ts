/** One line at the foot of the page that appears, is read out, and goes away. */
let timer = 0;

export function say(text: string, tone: "good" | "bad" = "good"): void {
  let place = document.querySelector<HTMLElement>("#voice");
  if (!place) {
    place = document.createElement("div");
    place.id = "voice";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.className = `voice voice-${tone}`;
  place.textContent = text;
  place.hidden = false;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    if (place) place.hidden = true;
  }, 6000);
}
