/**
 * Places to keep things between page loads, none of which can be relied on: Safari gives a
 * third-party iframe no lasting storage, private windows throw on write, quotas run out.
 */

/** The part of `Storage` that is used. */
export interface KeyValue {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

class Memory implements KeyValue {
  private readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

/**
 * Writes to every place that accepts, reads from the first that has the key, and never throws.
 * The page's memory is always the last place.
 */
export class Layered implements KeyValue {
  private readonly memory = new Memory();

  /** `places` are functions: merely naming `window.localStorage` throws where it is forbidden. */
  constructor(private readonly places: ReadonlyArray<() => KeyValue>) {}

  getItem(key: string): string | null {
    // Memory first: where the others refused a later write they hold an older value.
    const remembered = this.memory.getItem(key);
    if (remembered !== null) return remembered;
    for (const place of this.places) {
      try {
        const value = place().getItem(key);
        if (value !== null) return value;
      } catch {
        // Forbidden here: the next place may be allowed.
      }
    }
    return null;
  }

  setItem(key: string, value: string): void {
    this.memory.setItem(key, value);
    for (const place of this.places) {
      try {
        place().setItem(key, value);
      } catch {
        // Full or forbidden: what memory holds lasts as long as the page does.
      }
    }
  }

  removeItem(key: string): void {
    this.memory.removeItem(key);
    for (const place of this.places) {
      try {
        place().removeItem(key);
      } catch {
        // Nothing could be written there either.
      }
    }
  }
}

/** Lasts beyond the tab where the browser allows it. */
export const lasting = (): Layered =>
  new Layered([() => window.localStorage, () => window.sessionStorage]);

/** Lasts as long as the tab, reloads included. */
export const perTab = (): Layered => new Layered([() => window.sessionStorage]);

/** FNV-1a, 32 bit: a short name for a storage key, so that platform ids do not lie about in clear. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash.toString(36);
}

/**
 * Keeps the session's token for one study and one entry link. The link is part of the key, so that
 * a second participant at the same computer does not go on with the first one's session. A preview
 * is forgotten with its tab, for the researcher wants to begin anew.
 */
export class TokenStore {
  private readonly place: KeyValue;
  private readonly key: string;
  private readonly latest: string;

  constructor(study: string, entry: Record<string, string>, place?: KeyValue) {
    const passing = "preview" in entry || "simulate" in entry;
    this.place = place ?? (passing ? perTab() : lasting());
    const link = JSON.stringify(Object.entries(entry).sort());
    this.key = `diptych.token.${study}.${fingerprint(link)}`;
    this.latest = `diptych.token.${study}`;
  }

  get(): string | null {
    return this.place.getItem(this.key);
  }

  set(token: string): void {
    this.place.setItem(this.key, token);
    this.place.setItem(this.latest, token);
  }

  /**
   * The token that was given last in this study, over whatever link. It opens nothing by itself:
   * the host takes it as a sign that who comes with another submission is the same person.
   */
  held(): string | null {
    return this.place.getItem(this.latest);
  }

  clear(): void {
    if (this.held() === this.get()) this.place.removeItem(this.latest);
    this.place.removeItem(this.key);
  }
}
