import type { ClientEvent, EventKind } from "./types";

/** Sends events; false when they should be kept and tried again. */
export type Send = (events: ClientEvent[]) => Promise<boolean>;

const LIMIT = 500;
const EVERY_MS = 10_000;
/** Pointer and keys are summed up for so long: one event, not one a movement. */
const INPUT_EVERY_MS = 30_000;

/**
 * What happens around the trials: focus lost, window resized, page hidden, script faults. Events
 * ride with the next answer; what is left goes every ten seconds and when the page is left.
 */
export class EventLog {
  /** The trial on screen, or null between them. */
  trial_index: number | null = null;
  private waiting: ClientEvent[] = [];
  private sending = false;
  private input = { moves: 0, presses: 0, keys: 0 };
  private inputNoted = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly send: Send,
    private readonly now: () => number = () => performance.now(),
    /** What a script makes up counts for nothing. */
    private readonly trusted: (event: Event) => boolean = (event) => event.isTrusted,
  ) {}

  add(kind: EventKind, detail: string | null = null): void {
    // A page that throws in a loop must not fill the host's table.
    if (this.waiting.length >= LIMIT) return;
    this.waiting.push({
      kind,
      at_ms: Math.round(this.now() * 1000) / 1000,
      trial_index: this.trial_index,
      detail: detail === null ? null : detail.slice(0, 200),
    });
  }

  /**
   * Sums up the pointer and the keys since the last time, as an event of kind `input`: how much
   * there was, never where or which. With the first answer, then every half a minute.
   * @param now also when the last time was a moment ago: the last chance to tell.
   */
  noteInput(now = false): void {
    const { moves, presses, keys } = this.input;
    const first = this.inputNoted === Number.NEGATIVE_INFINITY;
    const due = this.now() - this.inputNoted >= INPUT_EVERY_MS;
    if (!first && (moves + presses + keys === 0 || !(due || now))) return;
    this.inputNoted = this.now();
    this.input = { moves: 0, presses: 0, keys: 0 };
    this.add("input", `moves=${moves} presses=${presses} keys=${keys}`);
  }

  /**
   * Hands over what waits, for a body that is itself sent until acknowledged.
   * @param most the oldest so many; the others go on waiting.
   */
  drain(most = LIMIT): ClientEvent[] {
    return this.waiting.splice(0, most);
  }

  /** Sends what waits; what did not arrive is kept, in its order. */
  async flush(): Promise<void> {
    if (this.waiting.length === 0 || this.sending) return;
    const events = this.drain();
    this.sending = true;
    const arrived = await this.send(events);
    this.sending = false;
    if (!arrived) this.waiting = [...events, ...this.waiting].slice(0, LIMIT);
  }

  private leave(): void {
    if (this.inputNoted !== Number.NEGATIVE_INFINITY) this.noteInput(true);
    void this.flush();
  }

  /** Listens to the window until the returned function is called. */
  listen(): () => void {
    const abort = new AbortController();
    const on = (target: EventTarget, name: string, handle: (event: Event) => void): void =>
      target.addEventListener(name, handle, { signal: abort.signal });
    const counted = { pointermove: "moves", click: "presses", keydown: "keys" } as const;
    for (const [name, what] of Object.entries(counted)) {
      const count = (event: Event): void => {
        if (this.trusted(event)) this.input[what] += 1;
      };
      // On the way down: a page that stops the event further in does not hide it.
      window.addEventListener(name, count, {
        capture: true,
        passive: true,
        signal: abort.signal,
      });
    }
    on(window, "blur", () => this.add("blur"));
    on(window, "focus", () => this.add("focus"));
    on(window, "offline", () => this.add("offline"));
    on(window, "online", () => {
      this.add("online");
      void this.flush();
    });
    on(document, "visibilitychange", () => {
      const hidden = document.visibilityState === "hidden";
      this.add(hidden ? "hidden" : "visible");
      // The last moment at which a phone's browser surely lets a page speak.
      if (hidden) this.leave();
    });
    on(window, "pagehide", () => this.leave());
    on(document, "fullscreenchange", () =>
      this.add(document.fullscreenElement ? "fullscreen_enter" : "fullscreen_exit"),
    );
    on(
      window,
      "resize",
      settled(250, () => this.add("resize", windowSize())),
    );
    on(window, "error", (event) => {
      if (event instanceof ErrorEvent) this.add("script_error", event.message);
    });
    on(window, "unhandledrejection", (event) => {
      this.add("script_error", String((event as PromiseRejectionEvent).reason));
    });
    const timer = setInterval(() => void this.flush(), EVERY_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }
}

/** The window's size as `WIDTHxHEIGHT` in CSS pixels. */
export const windowSize = (): string => `${window.innerWidth}x${window.innerHeight}`;

/** Calls once a burst is over: dragging a window's edge is one resize. */
function settled(ms: number, handle: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(handle, ms);
  };
}
