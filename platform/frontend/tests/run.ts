/** Runs one task's plugin through jsPsych itself. */
import { initJsPsych } from "jspsych";
import type { TaskPlugin } from "../src/task";
import type { Timing } from "../src/types";

export interface Sent {
  response: Record<string, unknown>;
  timing: Timing;
}

export interface Played {
  /** Every answer that the plugin handed over. */
  sent: Sent[];
  said: string[];
  image_errors: string[];
  /** What jsPsych recorded; empty until the trial has ended. */
  data: Array<Record<string, unknown>>;
}

/**
 * @param answer what the host replies; a promise makes the plugin wait.
 * @param simulate jsPsych's simulation mode instead of a participant.
 */
export function play(
  plugin: TaskPlugin,
  parameters: Record<string, unknown>,
  answer: (sent: Sent) => Promise<Record<string, unknown> | null>,
  simulate?: "data-only" | "visual",
): Played {
  const display = document.createElement("div");
  document.body.append(display);
  const played: Played = { sent: [], said: [], image_errors: [], data: [] };
  const jsPsych = initJsPsych({
    display_element: display,
    on_finish: (data: { values: () => Array<Record<string, unknown>> }) => {
      played.data = data.values();
    },
  });
  const trial = {
    type: plugin,
    ...parameters,
    submit: (response: Sent["response"], timing: Timing) => {
      played.sent.push({ response, timing });
      return answer({ response, timing });
    },
    announce: (text: string) => played.said.push(text),
    image_error: (url: string) => played.image_errors.push(url),
  };
  void (simulate ? jsPsych.simulate([trial], simulate) : jsPsych.run([trial]));
  return played;
}
