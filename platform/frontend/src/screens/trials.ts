import { initJsPsych } from "jspsych";
import { h } from "../dom";
import { enterFullscreen, fullscreenAllowed, inFullscreen } from "../fullscreen";
import type { Unsent } from "../outbox";
import { preload } from "../preload";
import { parametersFor, tasks } from "../registry";
import { card } from "../shell";
import type { Submit, TaskPlugin } from "../task";
import type { ResponseBody, ResponseReply, State, StateAt, Trial } from "../types";
import type { Context } from "./context";
import { notice, page } from "./texts";

/** The host takes no more events with one answer; others go by themselves. */
const EVENTS_AT_MOST = 200;

/** The trials: images first, then one trial after the other as the host hands them out. */
export async function trials(ctx: Context, state: StateAt<"trials">): Promise<State> {
  const unsent = ctx.outbox.peek(state.session.id);
  const first = unsent?.trial ?? state.content.trial;
  await loadImages(ctx, first.images);
  if (unsent)
    await ready(ctx, "Your last answer is safe. It is sent now, and you go on from there.");
  else if (ctx.resumed) await ready(ctx, "You go on just where you stopped.");
  else if (first.notice === null) await ready(ctx, null);
  return new TrialRun(ctx, state, unsent).run();
}

/** Loads every image of the session with a progress bar; tries again until all are there. */
async function loadImages(ctx: Context, current: string[]): Promise<void> {
  const { images } = await ctx.client.get<{ images: string[] }>("/session/images");
  const urls = [...new Set([...current, ...images])];
  const bar = h("progress", { class: "loading-bar", "aria-label": "Loading the pictures" });
  const count = h("p", { class: "facts" });
  const screen = card("Loading", h("h1", { text: "Getting the pictures ready" }), bar, count);
  screen.classList.add("short");
  screen.dataset.testid = "loading";
  const onProgress = (done: number, of: number): void => {
    bar.max = Math.max(1, of);
    bar.value = done;
    count.textContent = `${done} of ${of}`;
  };
  const onError = (url: string): void => ctx.events.add("image_error", url);
  let failed = urls;
  for (;;) {
    ctx.shell.show("Loading", screen);
    failed = await preload(urls, { onProgress, onError });
    if (failed.length === 0) return;
    await page(
      ctx,
      "Some pictures are missing",
      h(
        "div",
        {},
        h("h1", { text: "Some pictures did not arrive" }),
        h("p", {
          text: `${failed.length} of ${urls.length} could not be loaded. Nothing is lost.`,
        }),
      ),
      "Try again",
      "retry-images",
      true,
    );
  }
}

/** So that the first trial begins when the participant is ready, and full screen has its click. */
async function ready(ctx: Context, returning: string | null): Promise<void> {
  const full = ctx.study.screen.fullscreen && fullscreenAllowed() && !inFullscreen();
  await page(
    ctx,
    "Ready",
    h(
      "div",
      { class: "ready" },
      h("h1", { text: returning ? "Welcome back" : "Ready when you are" }),
      h("p", { text: returning ?? "The pictures are loaded. Press the button to begin." }),
      full
        ? h("p", { text: "The page will fill your screen. Press Esc to leave at any time." })
        : null,
    ),
    returning ? "Go on" : "Start",
    "start",
    true,
  );
  if (full) await enterFullscreen();
}

/** One run of jsPsych through the trials, fed by the host's `next`. */
class TrialRun {
  private trial: Trial;
  private next: State;
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
    const display = h("div", { class: "trials", "aria-label": "Pictures" });
    const stopWatching = this.watchFullscreen();
    try {
      do {
        await this.introduce();
        ctx.shell.show("Pictures", display, { bare: true });
        display.replaceChildren();
        await initJsPsych({ display_element: display }).run(this.timeline());
      } while (!this.failure && this.advance());
    } finally {
      stopWatching();
      ctx.events.trial_index = null;
    }
    if (this.failure) throw this.failure;
    ctx.resumed = false;
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
    };
  }

  private parameters(plugin: TaskPlugin): Record<string, unknown> {
    const { show, phase } = this.trial;
    const restored = this.unsent?.body ?? null;
    return parametersFor(plugin, show, this.ctx.study.parameters, { phase, restored });
  }

  /** What the plugin awaits: stored here, then on the host; feedback comes back. */
  private async submit(body: ResponseBody): Promise<Record<string, unknown> | null> {
    const { ctx, trial } = this;
    // The host judges a session when its last answer comes: what is told later is told too late.
    ctx.events.noteInput(this.next.progress.done + 1 >= this.next.progress.of);
    const sent = this.unsent?.body ?? { ...body, events: ctx.events.drain(EVENTS_AT_MOST) };
    ctx.outbox.put({ session: this.next.session.id, trial, body: sent });
    try {
      const path = `/trials/${trial.index}/response`;
      const reply = await ctx.client.post<ResponseReply>(path, sent);
      this.next = reply.next;
      if (reply.next.step === "trials") void preload(reply.next.content.trial.images);
      ctx.shell.setProgress(reply.next.progress);
      return reply.feedback;
    } catch (error) {
      this.failure = error;
      return null;
    } finally {
      ctx.outbox.clear();
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
        shell.banner("fullscreen", "The page has left full screen.", {
          text: "Back to full screen",
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
