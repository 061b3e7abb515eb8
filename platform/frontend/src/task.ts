import { type JsPsychPlugin, ParameterType, type PluginInfo, type TrialType } from "jspsych";
import { version } from "../package.json";
import type { ResponseBody, Timing, TrialTiming } from "./types";

/** Version of Diptych, which every task's plugin carries. */
export { version };

/** The answer and its timing as they were given before a reload, to be shown and sent again. */
export type Restored = Pick<ResponseBody, "response" | "timing">;

/**
 * Stores the answer on the host and brings back the feedback, or null where there is none. It never
 * rejects: what goes wrong is dealt with by the journey, and the trial simply ends.
 */
export type Submit = (
  response: Record<string, unknown>,
  timing: Timing,
) => Promise<Record<string, unknown> | null>;

/** A trial as it is where nothing else is said: its images stay until the answer. */
export const UNTIMED: TrialTiming = {
  iti_ms: 150,
  fixation_ms: 0,
  exposure_ms: 0,
  mask: "none",
  mask_seed: 0,
  mask_ms: 100,
  deadline_ms: 0,
  image_px: null,
  image_degrees: null,
};

/** Parameters that the journey gives to every task's plugin, beside `show` and the study's own. */
export const commonParameters = {
  /** practice, training, test or catch. */
  phase: { type: ParameterType.STRING, default: "test" },
  /** See {@link Submit}. */
  submit: { type: ParameterType.FUNCTION, default: undefined },
  /** See {@link Restored}; null on a fresh trial. */
  restored: { type: ParameterType.OBJECT, default: null },
  /** What the trial shows, and for how long: for `presentTrial`. */
  timing: { type: ParameterType.OBJECT, default: UNTIMED },
  /** Says a text to screen readers. */
  announce: { type: ParameterType.FUNCTION, default: () => undefined },
  /** Told the url of an image that did not load; loading goes on. */
  image_error: { type: ParameterType.FUNCTION, default: () => undefined },
} as const;

/** Data that every task's plugin writes into jsPsych's own table. */
export const commonData = {
  /** ms from the onset of the stimulus to the answer. */
  rt: { type: ParameterType.FLOAT },
  /** When the stimulus was painted, ms of `performance.now`. */
  onset_ms: { type: ParameterType.FLOAT },
  /** Length of the frame within which the onset lies, ms. */
  onset_uncertainty_ms: { type: ParameterType.FLOAT },
} as const;

/** A trial as jsPsych hands it to the plugin: every declared parameter has its value or default. */
export type Filled<I extends PluginInfo> = TrialType<I> &
  Required<Pick<TrialType<I>, keyof I["parameters"] & string>>;

/** A class that jsPsych can run, named after the task. */
export interface TaskPlugin {
  // biome-ignore lint/suspicious/noExplicitAny: jsPsych hands its instance to plugins of any parameters.
  new (jsPsych: any): JsPsychPlugin<any>;
  info: {
    name: string;
    version: string;
    parameters: Record<string, { type: ParameterType; default?: unknown; array?: boolean }>;
    data: Record<string, { type: ParameterType; array?: boolean }>;
  };
}

/** Resolves after `ms`. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/**
 * Shows a Continue button and resolves when it is used. It stays disabled for a moment: the second
 * half of a double click on the button that stood there before must not skip what is to be read.
 */
export async function untilContinue(button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  button.hidden = false;
  await sleep(250);
  button.disabled = false;
  button.focus({ preventScroll: true });
  await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
}

/** Stops the listening for answers: when it is told to, and when `signal` is aborted. */
export function listeningUntil(signal: AbortSignal): AbortController {
  const listening = new AbortController();
  if (signal.aborted) listening.abort();
  signal.addEventListener("abort", () => listening.abort(), { once: true });
  return listening;
}

/** Whether a screen is gone, or lies under a notice (window too small), and must not take keys. */
export const covered = (element: Element): boolean =>
  !element.isConnected || element.closest("[inert]") !== null;

/**
 * Presses buttons for a simulated participant: the first after `wait_ms`, each as soon as it can be
 * pressed. It ends where a button is not on the screen.
 */
export function pressInTurn(display: HTMLElement, testids: string[], wait_ms: number): void {
  const press = ([testid, ...others]: string[]): void => {
    const button = display.querySelector<HTMLButtonElement>(`[data-testid="${testid}"]`);
    if (!button) return;
    if (button.hidden || button.disabled) {
      setTimeout(() => press([testid as string, ...others]), 50);
      return;
    }
    button.click();
    if (others.length > 0) press(others);
  };
  setTimeout(() => press(testids), wait_ms);
}
