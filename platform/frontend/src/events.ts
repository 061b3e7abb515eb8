import type { ClientEvent, EventKind } from "./types";

/** Sends events; false when they should be kept and tried again. */
export type Send = (events: ClientEvent[]) => Promise<boolean>;

const LIMIT = 500;
const EVERY_MS = 10_000;

/**
 * What happens around the trials: focus lost, window resized, page hidden, script faults. Events
 * ride with the next answer; what is left goes every ten seconds and when the page is left.
 */
export class EventLog {
  /** The trial on screen, or null between them. */
  trial_index: number | null = null;
  private waiting: ClientEvent[] = [];
  private sending = false;

  constructor(
    private readonly send: Send,
    private readonly now: () => number = () => performance.now(),
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

  /** Listens to the window until the returned function is called. */
  listen(): () => void {
    const abort = new AbortController();
    const on = (target: EventTarget, name: string, handle: (event: Event) => void): void =>
      target.addEventListener(name, handle, { signal: abort.signal });
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
      if (hidden) void this.flush();
    });
    on(window, "pagehide", () => void this.flush());
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
