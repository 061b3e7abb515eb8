import { type KeyValue, perTab } from "./storage";
import type { ResponseBody, Trial } from "./types";

/** An answer that the host has not acknowledged yet, with the trial that it answers. */
export interface Unsent {
  session: string;
  trial: Trial;
  body: ResponseBody;
}

/**
 * Holds the one answer that may be on its way. It is written before the request goes out and
 * removed when the host has acknowledged it, so a reload, a closed lid or a lost reply cannot lose
 * it. The trial is kept too: after a reload its image, the answer and the feedback can be shown
 * again, and feedback is part of what a learner learns from.
 */
export class Outbox {
  private readonly key: string;

  constructor(
    study: string,
    private readonly place: KeyValue = perTab(),
  ) {
    this.key = `diptych.outbox.${study}`;
  }

  put(unsent: Unsent): void {
    this.place.setItem(this.key, JSON.stringify(unsent));
  }

  /** The unacknowledged answer of this session, if there is one; anything else found is dropped. */
  peek(session: string): Unsent | null {
    const text = this.place.getItem(this.key);
    if (text === null) return null;
    try {
      const unsent = JSON.parse(text) as Unsent;
      if (unsent.session === session && unsent.trial && unsent.body?.timing) return unsent;
    } catch {
      // Not what this page wrote: drop it.
    }
    this.clear();
    return null;
  }

  clear(): void {
    this.place.removeItem(this.key);
  }
}
