import { initJsPsych } from "jspsych";
import { ApiError } from "../api";
import { screenRefresh } from "../clock";
import { h } from "../dom";
import { enterFullscreen, fullscreenAllowed, inFullscreen } from "../fullscreen";
import type { Unsent } from "../outbox";
import { preload } from "../preload";
import { parametersFor, tasks } from "../registry";
import { card } from "../shell";
import type { Submit, TaskPlugin } from "../task";
import type { ResponseBody, ResponseReply, SessionState, State, StateAt, Trial } from "../types";
import { say, screenName } from "../words";
import type { Context } from "./context";
import { notice, page } from "./texts";

/** The host takes no more events with one answer; others go by themselves. */
const EVENTS_AT_MOST = 200;
/** An answer that takes longer is said to be on its way. */
const SLOW_MS = 3000;

/** Whether the session had ended before the answer came: the last page says so. */
const cameTooLate = (failure: unknown): boolean =>
  failure instanceof ApiError && failure.code === "ended";

/** The trials: images first, then one trial after the other as the host hands them out. */
export async function trials(ctx: Context, state: StateAt<"trials">): Promise<State> {
  const unsent = pending(ctx, state);
  const first = unsent?.trial ?? state.content.trial;
  await loadImages(ctx, first);
  // Nothing moves while the page waits for the first trial: the time to look at the screen's rhythm.
  if (first.timing?.exposure_ms || first.timing?.fixation_ms) void screenRefresh();
  const why = returning(ctx, state, unsent);
  if (why || first.notice === null) await ready(ctx, why);
  ctx.elsewhere = false;
  return new TrialRun(ctx, state, unsent).run();
}

/** The answer to go on with: not acknowledged yet, or its feedback not seen to the end. */
function pending(ctx: Context, state: StateAt<"trials">): Unsent | null {
  const unsent = ctx.outbox.peek(state.session.id);
  // Another window may have gone on meanwhile: then the feedback comes from the past.
  if (!unsent?.acknowledged || unsent.trial.index + 1 === state.content.trial.index) return unsent;
  ctx.outbox.clear();
  return null;
}

interface Returning {
  title: string;
  text: string;
}

/** What is said to somebody who comes back, or is in two places; null on the first visit. */
function returning(
  ctx: Context,
  state: StateAt<"trials">,
  unsent: Unsent | null,
): Returning | null {
  if (ctx.elsewhere) {
    return {
      title: say("other-tab"),
      text: say("other-tab-text"),
    };
  }
  const title = say("welcome-back");
  // Where the host is further, the answer has reached it and only the reply was lost.
  if (unsent && !unsent.acknowledged && unsent.trial.index === state.content.trial.index) {
    return { title, text: say("kept-answer") };
  }
  const begun = unsent !== null || state.progress.done > 0;
  return begun ? { title, text: say("where-stopped") } : null;
}

/** The image of the mask, where it is one. */
const masks = ({ timing }: Trial): string[] =>
  !timing || ["none", "noise"].includes(timing.mask) ? [] : [timing.mask];

/** Loads every image of the session with a progress bar; tries again until all are there. */
async function loadImages(ctx: Context, trial: Trial): Promise<void> {
  const { images } = await ctx.client.get<{ images: string[] }>("/session/images");
  const urls = [...new Set([...trial.images, ...masks(trial), ...images])];
  const bar = h("progress", { class: "loading-bar", "aria-label": say("loading-pictures") });
  const count = h("p", { class: "facts" });
  const screen = card(say("loading"), h("h1", { text: say("getting-ready") }), bar, count);
  screen.classList.add("short");
  screen.dataset.testid = "loading";
  const onProgress = (done: number, of: number): void => {
    bar.max = Math.max(1, of);
    bar.value = done;
    count.textContent = say("done-of", { done, of });
  };
  const onError = (url: string): void => ctx.events.add("image_error", url);
  let failed = urls;
  for (;;) {
    ctx.shell.show(say("loading"), screen);
    failed = await preload(urls, { onProgress, onError });
    if (failed.length === 0) return;
    await page(
      ctx,
      say("pictures-missing"),
      h(
        "div",
        {},
        h("h1", { text: say("pictures-missing") }),
        h("p", {
          text: say("pictures-missing-count", { missing: failed.length, of: urls.length }),
        }),
      ),
      say("try-again"),
      "retry-images",
      true,
    );
  }
}

/** So that the first trial begins when the participant is ready, and full screen has its click. */
async function ready(ctx: Context, why: Returning | null): Promise<void> {
  const full = ctx.study.screen.fullscreen && fullscreenAllowed() && !inFullscreen();
  await page(
    ctx,
    say("screen-ready"),
    h(
      "div",
      { class: "ready" },
      h("h1", { text: why?.title ?? say("ready") }),
      h("p", { text: why?.text ?? say("ready-text") }),
      full ? h("p", { text: say("fills-screen") }) : null,
    ),
    say(why ? "go-on" : "start"),
    "start",
    true,
  );
  if (full) await enterFullscreen();
}

/** One run of jsPsych through the trials, fed by the host's `next`. */
class TrialRun {
  private trial: Trial;
  private next: SessionState;
  private failure: unknown = null;
  private leaving = false;

  constructor(
    private readonly ctx: Context,
    state: StateAt<"trials">,
    private unsent: Unsent | null,
  ) {
    this.trial = unsent?.trial ?? state.content.trial;
    this.next = state;
  }

  /** @returns the first state that is not another trial. */
  async run(): Promise<State> {
    const { ctx } = this;
    const display = h("div", { class: "trials", "aria-label": say("pictures") });
    const stopWatching = this.watchFullscreen();
    try {
      do {
        await this.introduce();
        ctx.shell.show(screenName("trials"), display, { bare: true });
        display.replaceChildren();
        await initJsPsych({ display_element: display }).run(this.timeline());
      } while (!this.failure && this.advance());
    } finally {
      stopWatching();
      ctx.events.trial_index = null;
    }
    if (this.failure) throw this.failure;
    return this.next;
  }

  /** Runs until the next trial has something to be said before, or there is none. */
  private timeline() {
    const nodes = [...tasks].map(([name, plugin]) => ({
      timeline: [this.description(plugin)],
      conditional_function: () => this.trial.task === name,
    }));
    if (!tasks.has(this.trial.task)) throw new Error(`no plugin for the task ${this.trial.task}`);
    return [
      {
        timeline: nodes,
        loop_function: () =>
          !this.failure &&
          this.next.step === "trials" &&
          this.next.content.trial.notice === null &&
          this.advance(),
      },
    ];
  }

  /** Functions, so that jsPsych asks anew for each pass of the loop. */
  private description(plugin: TaskPlugin) {
    const asked = Object.keys(plugin.info.parameters).filter((name) => name !== "submit");
    const lazily = asked
      .filter((name) => !["announce", "image_error"].includes(name))
      .map((name) => [name, () => this.parameters(plugin)[name]]);
    return {
      type: plugin,
      ...Object.fromEntries(lazily),
      submit: ((response, timing) => this.submit({ response, timing, events: [] })) as Submit,
      announce: (text: string) => this.ctx.shell.announce(text),
      image_error: (url: string) => this.ctx.events.add("image_error", url),
      on_start: () => {
        this.ctx.events.trial_index = this.trial.index;
      },
      // The feedback has been seen. An answer that the host has refused for good is let go of, too.
      on_finish: () => {
        if (!cameTooLate(this.failure)) this.ctx.outbox.clear();
      },
    };
  }

  private parameters(plugin: TaskPlugin): Record<string, unknown> {
    const { show, phase, timing } = this.trial;
    const restored = this.unsent?.body ?? null;
    return parametersFor(plugin, show, this.ctx.study.parameters, { phase, restored, timing });
  }

  /** What the plugin awaits: stored here, then on the host; feedback comes back. */
  private async submit(body: ResponseBody): Promise<Record<string, unknown> | null> {
    const { ctx, trial } = this;
    // The host judges a session when its last answer comes: what is told later is told too late.
    ctx.events.noteInput(this.next.progress.done + 1 >= this.next.progress.of);
    const sent = this.unsent?.body ?? { ...body, events: ctx.events.drain(EVENTS_AT_MOST) };
    const kept = { session: this.next.session.id, trial, body: sent };
    ctx.outbox.put(kept);
    const slow = setTimeout(() => {
      if (!ctx.shell.shows("network")) ctx.shell.banner("network", say("being-saved"));
    }, SLOW_MS);
    try {
      const path = `/trials/${trial.index}/response`;
      const reply = await ctx.client.post<ResponseReply>(path, sent);
      this.next = reply.next;
      // Without feedback there is nothing that a reload could still take from anybody.
      if (reply.feedback) ctx.outbox.put({ ...kept, acknowledged: true });
      else ctx.outbox.clear();
      if (reply.next.step === "trials") void preload(reply.next.content.trial.images);
      ctx.shell.setProgress(reply.next.progress);
      return reply.feedback;
    } catch (error) {
      this.failure = error;
      return null;
    } finally {
      clearTimeout(slow);
      ctx.shell.clearBanner("network");
      this.unsent = null;
    }
  }

  /** Moves to the next trial, if the host has given one. */
  private advance(): boolean {
    if (this.next.step !== "trials") return false;
    this.trial = this.next.content.trial;
    return true;
  }

  private async introduce(): Promise<void> {
    if (this.trial.notice === null || this.unsent) return;
    this.ctx.events.trial_index = null;
    await notice(this.ctx, this.trial.notice);
    if (this.ctx.study.screen.fullscreen) await enterFullscreen();
  }

  /** Offers the way back when full screen is left; nobody is held in it. */
  private watchFullscreen(): () => void {
    const { shell, study } = this.ctx;
    if (!study.screen.fullscreen || !fullscreenAllowed()) return () => undefined;
    const onChange = (): void => {
      if (inFullscreen() || this.leaving) shell.clearBanner("fullscreen");
      else {
        shell.banner("fullscreen", say("left-fullscreen"), {
          text: say("to-fullscreen"),
          do: () => void enterFullscreen(),
        });
      }
    };
    document.addEventListener("fullscreenchange", onChange);
    return () => {
      this.leaving = true;
      document.removeEventListener("fullscreenchange", onChange);
      shell.clearBanner("fullscreen");
    };
  }
}
