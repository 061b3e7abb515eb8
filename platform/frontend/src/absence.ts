import type { Client } from "./api";
import type { Resumed, State } from "./types";

/** How often it is looked whether time has passed that nobody has noticed. */
const EVERY_MS = 30_000;

/**
 * Notices that a session has been left for longer than its study allows: a laptop that was asleep,
 * a tab forgotten. Whoever comes back is told at once, not after one more answer. The host decides;
 * it is asked when by the page's own time (which goes on in sleep) it must be over.
 */
export function watchAbsence(
  client: Client,
  limit_minutes: number,
): { over: Promise<State>; stop: () => void } {
  const listening = new AbortController();
  const { signal } = listening;
  const over = new Promise<State>((resolve) => {
    let asking = false;
    const look = async (): Promise<void> => {
      const away_ms = Date.now() - client.heard_at;
      if (asking || client.token === null || away_ms <= limit_minutes * 60_000) return;
      asking = true;
      try {
        const state = await client.get<Resumed>("/session");
        if (state.step === "end" && !signal.aborted) resolve(state);
      } catch {
        // What the host refuses here it will refuse again, to the step that is under way.
      } finally {
        asking = false;
      }
    };
    const timer = setInterval(() => void look(), EVERY_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    for (const event of ["focus", "pageshow", "online"]) {
      window.addEventListener(event, () => void look(), { signal });
    }
    document.addEventListener("visibilitychange", () => void look(), { signal });
  });
  return { over, stop: () => listening.abort() };
}
