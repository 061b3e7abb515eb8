import { h } from "../dom";
import { actions, button, card } from "../shell";
import type { State, StateAt } from "../types";
import { pixelsPerDegree, setPixelsPerDegree } from "../visualangle";
import { say, screenName } from "../words";
import { blindSpotDistance, trackFits } from "./blindspot";
import { type Context, finishStep, once } from "./context";
import "../style/calibration.css";

/** A bank card or identity card (ISO/IEC 7810, ID-1), cm. */
const CARD = { long: 8.56, short: 5.398 };
/** In a narrower window the card stands upright, CSS pixels. */
const UPRIGHT_BELOW = 640;
/** Length of the drawn card, CSS pixels: screens of 47 to 210 CSS pixels an inch. */
const LENGTH = { least: 160, most: 700, first: 340 };
/** Distances that can be typed, cm. */
export const DISTANCE = { least: 15, most: 200 };

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** How large a degree of visual angle is on this screen: by a card, and by the blind spot. */
export async function calibration(ctx: Context, state: StateAt<"calibration">): Promise<State> {
  const px_per_cm = await byCard(ctx);
  const { screen, distance } = await byDistance(ctx, px_per_cm, state.content.viewing_distance_cm);
  const px_per_degree = round(pixelsPerDegree(px_per_cm, distance));
  setPixelsPerDegree(px_per_degree);
  const measured = { px_per_degree, viewing_distance_cm: round(distance) };
  return once(screen, () => finishStep(ctx, "calibration", measured));
}

/** The participant makes the drawn card as large as a real one; CSS pixels per cm. */
function byCard(ctx: Context): Promise<number> {
  const name = screenName("calibration");
  const upright = window.innerWidth < UPRIGHT_BELOW;
  const drawn = h("div", { class: upright ? "id-card upright" : "id-card", "aria-hidden": "true" });
  drawn.append(h("i"), h("i"));
  const slider = h("input", {
    type: "range",
    class: "card-size",
    testid: "card-size",
    min: LENGTH.least,
    max: LENGTH.most,
    step: 1,
    value: LENGTH.first,
    "aria-label": say("card-slider"),
  });
  const paint = (): void => drawn.style.setProperty("--card", `${slider.value}px`);
  slider.addEventListener("input", paint);
  paint();
  return new Promise((resolve) => {
    const fits = (): void => resolve(slider.valueAsNumber / CARD.long);
    const screen = card(
      name,
      h("h1", { text: say("card-title") }),
      h("p", { text: say("card-text") }),
      slider,
      h("div", { class: "card-place" }, drawn),
      actions(button(say("card-fits"), { testid: "card-fits", icon: "right", onclick: fits })),
    );
    ctx.shell.show(name, screen);
  });
}

interface Distance {
  screen: HTMLElement;
  /** cm. */
  distance: number;
}

/** The viewing distance: the one that is asked for, or measured, or typed where that cannot be. */
function byDistance(ctx: Context, px_per_cm: number, asked: number | null): Promise<Distance> {
  if (asked !== null) return kept(ctx, asked);
  return trackFits(px_per_cm, window.innerWidth) ? measured(ctx, px_per_cm) : typed(ctx);
}

function kept(ctx: Context, distance: number): Promise<Distance> {
  const name = screenName("calibration");
  return new Promise((resolve) => {
    const go = (): void => resolve({ screen, distance });
    const screen = card(
      name,
      h("h1", { text: say("distance-title") }),
      h("p", { text: say("distance-keep", { distance }) }),
      actions(button(say("continue"), { testid: "distance-kept", icon: "right", onclick: go })),
    );
    screen.classList.add("short");
    ctx.shell.show(name, screen);
  });
}

async function measured(ctx: Context, px_per_cm: number): Promise<Distance> {
  const name = screenName("calibration");
  const place = h("div", {});
  const enter = button(say("distance-enter"), { testid: "distance-enter", kind: "quiet" });
  const screen = card(
    name,
    h("h1", { text: say("distance-title") }),
    h("p", { text: say("distance-text") }),
    place,
    h("div", { class: "actions" }, enter),
  );
  screen.classList.add("wide");
  ctx.shell.show(name, screen);
  const giving_up = new AbortController();
  enter.addEventListener("click", () => giving_up.abort());
  const distance = await blindSpotDistance(place, px_per_cm, giving_up.signal);
  return distance === null ? typed(ctx) : { screen, distance };
}

/** The participant measures or guesses. */
function typed(ctx: Context): Promise<Distance> {
  const name = screenName("calibration");
  const { least, most } = DISTANCE;
  const field = h("input", {
    type: "number",
    class: "distance",
    testid: "distance",
    min: least,
    max: most,
    inputmode: "decimal",
    "aria-label": say("distance-label"),
  });
  const wrong = h("p", { class: "callout warn", role: "alert", hidden: true });
  wrong.textContent = say("distance-range", { least, most });
  return new Promise((resolve) => {
    const go = (): void => {
      const distance = field.valueAsNumber;
      wrong.hidden = distance >= least && distance <= most;
      if (wrong.hidden) resolve({ screen, distance });
      else field.focus();
    };
    const screen = card(
      name,
      h("h1", { text: say("distance-title") }),
      h("p", { text: say("distance-label") }),
      h("p", { class: "typed-distance" }, field, " cm"),
      wrong,
      actions(button(say("continue"), { testid: "distance-typed", icon: "right", onclick: go })),
    );
    screen.classList.add("short");
    ctx.shell.show(name, screen);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") go();
    });
  });
}
