import { type KeyValue, perTab } from "./storage";
import type { ResponseBody, Trial } from "./types";

/** An answer that the host has not acknowledged yet, with the trial that it answers. */
export interface Unsent {
  session: string;
  trial: Trial;
  body: ResponseBody;
  /** Stored by the host; kept until the feedback on it has been seen. */
  acknowledged?: boolean;
}

/**
 * Holds the one answer that may be on its way. It is written before the request goes out and
 * removed when the host has acknowledged it and its feedback was seen, so a reload, a closed lid or
 * a lost reply cannot lose either. The trial is kept too: after a reload its image, the answer and
 * the feedback can be shown again, and feedback is part of what a learner learns from.
 */
export class Outbox {
  private readonly key: string;

  constructor(
    study: string,
    private readonly place: KeyValue = perTab(),
  ) {
    this.key = `diptych.outbox.${study}`;
  }

  /** Whether an answer waits that is not known to be stored. */
  get waits(): boolean {
    const unsent = this.read();
    return unsent !== null && !unsent.acknowledged;
  }

  put(unsent: Unsent): void {
    this.place.setItem(this.key, JSON.stringify(unsent));
  }

  /** The unacknowledged answer of this session, if there is one; anything else found is dropped. */
  peek(session: string): Unsent | null {
    const unsent = this.read();
    if (unsent?.session === session) return unsent;
    this.clear();
    return null;
  }

  clear(): void {
    this.place.removeItem(this.key);
  }

  private read(): Unsent | null {
    try {
      const unsent = JSON.parse(this.place.getItem(this.key) ?? "null") as Unsent | null;
      if (unsent?.trial && unsent.body?.timing) return unsent;
    } catch {
      // Not what this page wrote.
    }
    return null;
  }
}
