/**
 * Requests to the host. Whatever may pass by itself (no network, a restarting or overloaded host)
 * is tried again until it succeeds; whatever will not (4xx) is thrown as an {@link ApiError}.
 */

/** A message of the page's own words, by its name, and what stands in it. */
export interface Said {
  key: string;
  values: Record<string, string | number>;
}

/** The host understood and said no. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string> = {},
    /** Which words say it to a participant, where they are not those of the code. */
    readonly said: Said | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** A request that did not get through, and will be sent again. */
export interface Trouble {
  /** How many times it has failed. */
  failures: number;
  /** Wait before the next try, in ms. */
  wait_ms: number;
  offline: boolean;
}

export interface ClientOptions {
  /** The path that the API is at, `/api/v1` where the host has no prefix. */
  base?: string;
  fetch?: typeof fetch;
  /** Uniform in [0, 1): spreads the retries of many participants when a host comes back. */
  random?: () => number;
  onTrouble?: (trouble: Trouble) => void;
  onRecovered?: () => void;
  /** A try without an answer for so many ms counts as failed. */
  timeout_ms?: number;
}

const BASE_MS = 500;
const CAP_MS = 15_000;
const PASSING = new Set([408, 425, 429]);

/**
 * Exponential back-off with jitter: between half and all of 0.5 s, 1 s, 2 s ... 15 s, and never
 * less than the host's `Retry-After` asked for.
 */
export function backoff(failures: number, random: () => number, retry_after_ms = 0): number {
  const full = Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1));
  return Math.max(full * (0.5 + 0.5 * random()), retry_after_ms);
}

/** `Retry-After` as ms: seconds or an HTTP date; 0 when absent, past or unreadable; 2 min at most. */
export function retryAfter(header: string | null, now = Date.now()): number {
  if (header === null || header.trim() === "") return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 120_000) : 0;
}

/** Waits `ms`; with `wake`, at most until the browser says that the network is back. */
function pause(ms: number, wake: boolean): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (wake) window.addEventListener("online", done);
  });
}

async function errorFrom(reply: Response): Promise<ApiError> {
  try {
    const { error } = (await reply.json()) as { error: Partial<ApiError> };
    const { code = `http_${reply.status}`, message = reply.statusText, fields = {} } = error;
    return new ApiError(reply.status, code, message, fields, error.said ?? null);
  } catch {
    return new ApiError(reply.status, `http_${reply.status}`, reply.statusText);
  }
}

export class Client {
  token: string | null = null;
  /** When the host was last heard of, ms of `Date.now`: unlike `performance.now` it counts sleep. */
  heard_at = Date.now();
  private readonly base: string;
  private readonly fetch: typeof fetch;
  private readonly random: () => number;
  private readonly timeout_ms: number;

  constructor(private readonly options: ClientOptions = {}) {
    this.base = options.base ?? "/api/v1";
    this.fetch = options.fetch ?? ((...args) => window.fetch(...args));
    this.random = options.random ?? Math.random;
    this.timeout_ms = options.timeout_ms ?? 20_000;
  }

  get<T>(path: string): Promise<T> {
    return this.request<T>("GET", path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("POST", path, body);
  }

  /**
   * Sends until answered. The body is written once, so that every try is byte for byte the same.
   * @throws ApiError when the host refuses (4xx other than 408, 425 and 429).
   */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    for (let failures = 1; ; failures += 1) {
      let retry_after_ms = 0;
      let reached = false;
      try {
        const reply = await this.once(method, path, payload);
        reached = true;
        if (reply.ok) {
          const value = reply.status === 204 ? undefined : await reply.json();
          this.heard_at = Date.now();
          if (failures > 1) this.options.onRecovered?.();
          return value as T;
        }
        if (reply.status < 500 && !PASSING.has(reply.status)) {
          if (failures > 1) this.options.onRecovered?.();
          throw await errorFrom(reply);
        }
        retry_after_ms = retryAfter(reply.headers.get("Retry-After"));
      } catch (error) {
        if (error instanceof ApiError) throw error;
      }
      const wait_ms = backoff(failures, this.random, retry_after_ms);
      this.options.onTrouble?.({ failures, wait_ms, offline: !navigator.onLine });
      await pause(wait_ms, !reached);
    }
  }

  /** Sends once, even while the page is being left; whether it arrived cannot be known then. */
  async farewell(path: string, body: unknown): Promise<boolean> {
    try {
      const reply = await this.fetch(this.base + path, {
        method: "POST",
        headers: this.headers(true),
        body: JSON.stringify(body),
        keepalive: true,
      });
      return reply.ok || (reply.status >= 400 && reply.status < 500);
    } catch {
      return false;
    }
  }

  private async once(method: string, path: string, payload?: string): Promise<Response> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.timeout_ms);
    try {
      const reply = await this.fetch(this.base + path, {
        method,
        headers: this.headers(payload !== undefined),
        ...(payload === undefined ? {} : { body: payload }),
        cache: "no-store",
        signal: abort.signal,
      });
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  private headers(json: boolean): Record<string, string> {
    return {
      Accept: "application/json",
      ...(json ? { "Content-Type": "application/json" } : {}),
      ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
    };
  }
}
