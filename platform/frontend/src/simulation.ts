/** What is the same in every task's `simulate`: the two modes, and how the answer is stored. */
import type { JsPsych } from "jspsych";
import { timingOf } from "./clock";
import type { Submit } from "./task";

/** As jsPsych names them: only the data, or a trial on the screen that is answered by itself. */
export type SimulationMode = "data-only" | "visual";

/** One trial of a simulated participant. */
export interface SimulatedTrial {
  /** The answer, as `submit` takes it. */
  response: Record<string, unknown>;
  /** Time from the onset to the answer, ms. */
  rt: number;
  /** Stores the answer; see {@link Submit}. */
  submit: unknown;
  /** For `visual`: runs the trial on the screen. */
  run: (display: HTMLElement) => Promise<Record<string, unknown>>;
  /** For `visual`: gives the answer on the screen, `rt` ms later. */
  act: (display: HTMLElement) => void;
}

/** Runs a simulated trial in one of the modes; returns the data that the plugin hands to jsPsych. */
export async function simulateTrial(
  jsPsych: JsPsych,
  mode: SimulationMode,
  onLoad: () => void,
  { response, rt, submit, run, act }: SimulatedTrial,
): Promise<Record<string, unknown>> {
  if (mode === "visual") {
    const display = jsPsych.getDisplayElement();
    const running = run(display);
    act(display);
    return running;
  }
  onLoad();
  const onset = { onset_ms: performance.now(), onset_uncertainty_ms: 0 };
  const timing = timingOf(onset, onset.onset_ms + rt);
  const feedback = await (submit as Submit)(response, timing);
  return { ...response, correct: feedback?.correct ?? null, rt, ...onset };
}
