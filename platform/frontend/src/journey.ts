import { watchAbsence } from "./absence";
import { ApiError, Client, type Trouble } from "./api";
import { clockStep } from "./clock";
import { EventLog, windowSize } from "./events";
import { guard, pageOf, REARM_MS } from "./history";
import { Outbox } from "./outbox";
import { preload } from "./preload";
import { loadPlugin } from "./registry";
import { watchScreen } from "./screencheck";
import { calibration } from "./screens/calibration";
import { claim, offerAnew, whoIsThere } from "./screens/claim";
import { comprehension } from "./screens/comprehension";
import type { Context } from "./screens/context";
import { end, standstill } from "./screens/end";
import { instructions } from "./screens/instructions";
import { consent, debrief, feedback, preview } from "./screens/texts";
import { trials } from "./screens/trials";
import type { Shell } from "./shell";
import { TokenStore } from "./storage";
import type { ClientEvent, Entered, Resumed, State, StateAt, Step } from "./types";
import { setPixelsPerDegree } from "./visualangle";
import { knows, say } from "./words";

/** Steps for which the window must be large enough. */
const NEEDS_ROOM: ReadonlySet<Step> = new Set([
  "consent",
  "instructions",
  "comprehension",
  "calibration",
  "trials",
]);
/** The host's state and the page's may differ (a second tab); so often it is looked up at one place. */
const LOOKUPS = 4;

export interface JourneyOptions {
  /** Where the API is, for the journey's own client. */
  base?: string;
  study: string;
  /** The entry link's query, handed to the host as it is. */
  entry: Record<string, string>;
  shell: Shell;
  client?: Client;
  tokens?: TokenStore;
  outbox?: Outbox;
}

/** The participant's way from the entry link to the end, step by step as the host says. */
export class Journey {
  private readonly shell: Shell;
  private readonly client: Client;
  private readonly tokens: TokenStore;
  private readonly outbox: Outbox;
  private readonly events: EventLog;
  private step: Step | null = null;
  private loadsAhead = false;

  constructor(private readonly options: JourneyOptions) {
    this.shell = options.shell;
    this.client =
      options.client ??
      new Client({
        ...(options.base === undefined ? {} : { base: options.base }),
        onTrouble: (trouble) => this.showTrouble(trouble),
        onRecovered: () => this.shell.clearBanner("network"),
      });
    this.tokens = options.tokens ?? new TokenStore(options.study, options.entry);
    this.outbox = options.outbox ?? new Outbox(options.study);
    this.events = new EventLog((events) => this.sendEvents(events));
  }

  /** Runs to the end of the session. What cannot go on is said on the page, not thrown. */
  async run(): Promise<void> {
    let ctx: Context | undefined;
    const stopGuarding = this.guardBack();
    try {
      const entered = await this.enter();
      ctx = this.context(entered);
      const stopListening = this.events.listen();
      void clockStep();
      if (ctx.study.px_per_degree) setPixelsPerDegree(ctx.study.px_per_degree);
      const { task, plugin } = ctx.study;
      // Before the consent: nobody agrees to a study whose trials cannot be shown.
      if (plugin) await loadPlugin(task, plugin);
      const watch = watchScreen(
        ctx.study.screen,
        () => this.step !== null && NEEDS_ROOM.has(this.step),
        {
          setCover: (screen) => this.shell.setCover(screen),
          study: ctx.study,
          onStay: () => this.events.add("resize", `kept enlarged ${windowSize()}`),
        },
      );
      await this.walk(ctx, entered, watch.check);
      watch.stop();
      await this.events.flush();
      stopListening();
    } catch (error) {
      this.stop(error, ctx);
    } finally {
      stopGuarding();
    }
  }

  /** Goes on with the session of the stored token, or begins one. */
  private async enter(): Promise<Entered | Resumed> {
    this.client.token = this.tokens.get();
    if (this.client.token !== null) {
      try {
        const resumed = await this.client.get<Resumed>("/session");
        if (await this.isSamePerson(resumed)) return resumed;
        this.forget();
      } catch (error) {
        if (!isUnknownSession(error)) throw error;
        this.forget();
      }
    }
    const entered = await this.arrive(false);
    if (entered.token !== null) {
      this.client.token = entered.token;
      this.tokens.set(entered.token);
    }
    return entered;
  }

  private forget(): void {
    this.tokens.clear();
    this.client.token = null;
  }

  /** Begins anew, for somebody else at this computer. */
  private readonly nextPerson = (): void => {
    this.forget();
    this.outbox.clear();
    window.location.reload();
  };

  /** Whether who is here is who began the session that this computer knows. */
  private async isSamePerson({ study, step }: Resumed): Promise<boolean> {
    if (study.next_person === "kiosk") return step !== "end" && whoIsThere({ shell: this.shell });
    if (study.next_person === "ask") offerAnew(this.shell, this.nextPerson);
    return true;
  }

  /** Asks to be let in; where the host wants to know whether somebody is the same person, they say. */
  private async arrive(confirmed: boolean): Promise<Entered> {
    const { study, entry } = this.options;
    const body = { study, entry, browser: browser(), token: this.tokens.held(), confirmed };
    try {
      return await this.client.post<Entered>("/sessions", body);
    } catch (error) {
      if (confirmed || !(error instanceof ApiError) || error.code !== "other_arrival") throw error;
      await claim({ shell: this.shell }, reasonOf(error));
      return this.arrive(true);
    }
  }

  private context({ study, step }: Entered | Resumed): Context {
    const { client, shell, events, outbox } = this;
    const page = step === "instructions" ? pageOf(history.state) : 0;
    const nextPerson = study.next_person === "kiosk" ? this.nextPerson : null;
    const fresh = { elsewhere: false, page, instructions: [] };
    return { client, shell, events, outbox, study, nextPerson, ...fresh };
  }

  private async walk(ctx: Context, first: State, onStep: () => void): Promise<void> {
    let state = first;
    let lookups = 0;
    const absence = watchAbsence(this.client, ctx.study.resume_within_minutes);
    for (;;) {
      this.step = state.step;
      this.shell.setProgress(state.step === "trials" ? state.progress : null);
      onStep();
      if (state.step === "preview" || state.step === "end") {
        absence.stop();
        return state.step === "end" ? end(ctx, state) : preview(ctx, state);
      }
      try {
        state = await Promise.race([this.screen(ctx, state), absence.over]);
        lookups = 0;
      } catch (error) {
        // A second tab may have gone on alone: the host knows where the session stands.
        if (!(error instanceof ApiError) || error.status !== 409 || lookups >= LOOKUPS) throw error;
        const before = state;
        state = await this.client.get<Resumed>("/session");
        ctx.elsewhere = state.step === "trials";
        // However often the other tab is the first: as long as there is progress, it goes on.
        lookups = isFurther(state, before) ? 0 : lookups + 1;
      }
    }
  }

  private screen(ctx: Context, state: Exclude<State, { step: "preview" | "end" }>): Promise<State> {
    switch (state.step) {
      case "consent":
        return consent(ctx, state);
      case "instructions":
        void this.loadAhead();
        return instructions(ctx, state);
      case "comprehension":
        void this.loadAhead();
        return comprehension(ctx, state);
      case "calibration":
        return calibration(ctx, state);
      case "questions_before":
      case "questions_after":
        return this.ask(ctx, state);
      case "trials":
        return trials(ctx, state);
      case "feedback":
        return feedback(ctx, state);
      case "debrief":
        return debrief(ctx, state);
    }
  }

  /** Most studies ask no such questions: their pages do not load what shows them. */
  private async ask(
    ctx: Context,
    state: StateAt<"questions_before"> | StateAt<"questions_after">,
  ): Promise<State> {
    const { questionnaire } = await import("./screens/questionnaire");
    return questionnaire(ctx, state);
  }

  /** Loads the pictures while somebody reads; what does not come now is loaded before the trials. */
  private async loadAhead(): Promise<void> {
    if (this.loadsAhead) return;
    this.loadsAhead = true;
    try {
      const { images } = await this.client.get<{ images: string[] }>("/session/images");
      await preload(images, { tries: 1 });
    } catch {
      // The screen before the trials asks again, and says what is missing.
    }
  }

  /** Says why it does not go on. A fault of the page is reported to the host too. */
  private stop(error: unknown, ctx: Context | undefined): void {
    this.shell.setCover(null);
    this.shell.clearBanner("network");
    const contact = ctx?.study.contact;
    if (error instanceof ApiError) {
      if (isUnknownSession(error)) this.forget();
      const { code, status } = error;
      // What the host says on entry is written for participants; what it says of a body is not.
      const readable = status !== 422 && reasonOf(error);
      const said = readable || say("fault-answer");
      standstill(
        { shell: this.shell },
        { code, message: said, contact, reload: ctx !== undefined },
      );
      return;
    }
    console.error(error);
    this.events.add("script_error", error instanceof Error ? error.message : String(error));
    void this.events.flush();
    const message = say(this.outbox.waits ? "fault-unsaved" : "fault-saved");
    standstill({ shell: this.shell }, { code: "fault", message, contact, reload: true });
  }

  private showTrouble({ offline }: Trouble): void {
    const why = say(offline ? "offline" : "no-answer");
    const what = say(this.outbox.waits ? "not-saved" : "trying");
    this.shell.banner("network", `${why} ${what}`);
  }

  private async sendEvents(events: ClientEvent[]): Promise<boolean> {
    if (this.client.token === null) return true;
    return this.client.farewell("/events", { events });
  }

  /**
   * One press of Back does not throw anybody out of the study: it is noted and said. The next one
   * leaves; the same link leads back to where the participant was.
   */
  private guardBack(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    return guard((turn) => {
      clearTimeout(timer);
      this.shell.clearBanner("back");
      if (turn === "forward" || (this.step === "instructions" && turn === "back")) return;
      if (this.step !== "instructions") this.events.add("back");
      const leaving = say("back-leaves");
      const unchanged = say(this.step === "trials" ? "answer-unchanged" : "nothing-changed");
      this.shell.banner("back", turn === "back" ? unchanged : `${unchanged} ${leaving}`);
      timer = setTimeout(() => this.shell.clearBanner("back"), REARM_MS);
    });
  }
}

/** Why the host said no, in the page's language where it has words for that. */
function reasonOf(error: ApiError): string {
  const { key, values } = error.said ?? { key: error.code, values: {} };
  return knows(`why-${key}`) ? say(`why-${key}`, values) : error.message;
}

/** Whether a session stands at another place than before. */
const isFurther = (now: State, before: State): boolean =>
  now.step !== before.step || now.progress.done !== before.progress.done;

function isUnknownSession(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 404);
}

/** What the host is told of the browser; sizes in CSS pixels. */
function browser() {
  return {
    width: window.innerWidth,
    height: window.innerHeight,
    pixel_ratio: window.devicePixelRatio,
    touch: navigator.maxTouchPoints > 0,
    user_agent: navigator.userAgent.slice(0, 500),
    language: navigator.language.slice(0, 35),
  };
}
