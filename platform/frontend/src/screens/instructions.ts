import { clockStep, measureRefresh } from "../clock";
import { h, isPlainKey, prose, targetHandles } from "../dom";
import { pageOf, pushPage } from "../history";
import { actions, button, card } from "../shell";
import { covered } from "../task";
import type { State, StateAt } from "../types";
import { readsLeftwards, say, screenName } from "../words";
import { type Context, finishStep, once } from "./context";
import { headed, onEnter } from "./texts";

/** Counts the time during which the page could be seen, in ms. */
class ReadingTime {
  private total = 0;
  private since: number | null = null;
  private readonly listen = (): void => this.turn(document.visibilityState === "visible");

  constructor() {
    document.addEventListener("visibilitychange", this.listen);
    this.listen();
  }

  stop(): number {
    document.removeEventListener("visibilitychange", this.listen);
    this.turn(false);
    return Math.round(this.total);
  }

  private turn(on: boolean): void {
    if (this.since !== null) this.total += performance.now() - this.since;
    this.since = on ? performance.now() : null;
  }
}

/**
 * Leafs through pages; resolves on the way on from the last. The browser's own Back button leafs
 * too: each page is a state of the history.
 */
export function leaf(ctx: Context, pages: string[], last: string, first = 0): Promise<HTMLElement> {
  const name = screenName("instructions");
  const listening = new AbortController();
  const { signal } = listening;
  return new Promise((resolve) => {
    let at = 0;
    let screen: HTMLElement;
    let shown = new AbortController();
    signal.addEventListener("abort", () => shown.abort());
    show(Math.min(first, pages.length - 1));
    function show(to: number): void {
      at = to;
      const final = at === pages.length - 1;
      const back = button(say("back"), {
        testid: "back",
        kind: "quiet",
        icon: "left",
        onclick: previous,
      });
      back.disabled = at === 0;
      const next = button(final ? last : say("next"), {
        testid: "next",
        icon: "right",
        onclick: following,
      });
      const count = h("p", { class: "page-count", testid: "page-count" });
      count.textContent = say("page-of", { at: at + 1, of: pages.length });
      screen = card(
        name,
        headed(name, prose(pages[at] ?? "")),
        actions(back, pages.length > 1 ? count : null, next),
      );
      screen.classList.add("leaf");
      ctx.shell.show(name, screen);
      // The last page is left by its button alone: leaving the instructions is a decision.
      shown.abort();
      shown = new AbortController();
      onEnter(screen, () => (final ? next.focus() : following()), shown.signal);
    }
    function previous(): void {
      if (at > 0) show(at - 1);
    }
    function following(): void {
      if (at < pages.length - 1) {
        show(at + 1);
        pushPage(at);
        return;
      }
      listening.abort();
      resolve(screen);
    }
    const onPop = (event: PopStateEvent): void => {
      // Not where another screen has taken the place of this one.
      if (screen.isConnected) show(Math.min(pageOf(event.state), pages.length - 1));
    };
    const onKey = (event: KeyboardEvent): void => {
      if (!isPlainKey(event) || targetHandles(event) || covered(screen)) return;
      const [onward, backward] = readsLeftwards()
        ? ["ArrowLeft", "ArrowRight"]
        : ["ArrowRight", "ArrowLeft"];
      // Not from the last page: leaving the instructions is a decision of its own.
      if (event.key === onward && at < pages.length - 1) following();
      else if (event.key === backward) previous();
    };
    window.addEventListener("popstate", onPop, { signal });
    document.addEventListener("keydown", onKey, { signal });
  });
}

export async function instructions(ctx: Context, state: StateAt<"instructions">): Promise<State> {
  const { pages } = state.content;
  ctx.instructions = pages;
  const reading = new ReadingTime();
  // Nothing moves while somebody reads: the time to look at the screen's rhythm and the clock's.
  const enough = new AbortController();
  const refresh = measureRefresh(enough.signal);
  const first = ctx.page;
  ctx.page = 0;
  const screen = await leaf(ctx, pages, say("have-read"), first);
  const read_ms = reading.stop();
  enough.abort();
  return once(screen, async () => {
    const [refresh_hz, clock_step_ms] = [await refresh, await clockStep()];
    return finishStep(ctx, "instructions", { read_ms, refresh_hz, clock_step_ms });
  });
}
