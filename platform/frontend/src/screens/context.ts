import type { Client } from "../api";
import type { EventLog } from "../events";
import type { Outbox } from "../outbox";
import type { Shell } from "../shell";
import type { State, Step, StudyDoc } from "../types";

/** What every screen works with. */
export interface Context {
  client: Client;
  shell: Shell;
  events: EventLog;
  outbox: Outbox;
  study: StudyDoc;
  /** Begins anew for the next person at this computer; null where nobody else comes. */
  nextPerson: (() => void) | null;
  /** Whether the last answer was refused because another window had gone on with the session. */
  elsewhere: boolean;
  /** Page of the instructions that was open before a reload; once it is shown, 0. */
  page: number;
  /** Instructions seen on this page, to be read again before a second try at the questions. */
  instructions: string[];
}

/** Tells the host that a step is done; brings back where the session stands. */
export const finishStep = (ctx: Context, step: Step, body: unknown): Promise<State> =>
  ctx.client.post<State>(`/session/steps/${step}`, body);

/**
 * Lets the first press count: disables the buttons of a screen while its request is on the way, and
 * enables them again if it fails.
 */
export async function once<T>(screen: HTMLElement, request: () => Promise<T>): Promise<T> {
  const buttons = [...screen.querySelectorAll("button")].filter((button) => !button.disabled);
  for (const button of buttons) button.disabled = true;
  screen.setAttribute("aria-busy", "true");
  try {
    return await request();
  } catch (error) {
    for (const button of buttons) button.disabled = false;
    throw error;
  } finally {
    screen.removeAttribute("aria-busy");
  }
}
