/** The documents of the participant API, `/api/v1`. */

/** What the browser may know about a study. */
export interface StudyDoc {
  name: string;
  title: string;
  /** Expected duration in minutes. */
  minutes: number;
  contact: string;
  /** Language of the texts (BCP 47). */
  language: string;
  task: string;
  /** The task's public parameters; never anything that tells an answer. */
  parameters: Record<string, unknown>;
  screen: ScreenNeeds;
  resume_within_minutes: number;
  /** What to do with a session that somebody left on this computer. */
  next_person: "no" | "ask" | "kiosk";
  /** Where somebody hands their place back who can't take part; null without a platform. */
  way_back: WayBack | null;
}

/** The platform that sent somebody, and its page on which a submission is returned, if it has one. */
export interface WayBack {
  place: string;
  url: string | null;
}

/** What the study asks of the window and the device; sizes in CSS pixels. */
export interface ScreenNeeds {
  min_width: number;
  min_height: number;
  /** Whether a device with nothing but a touch screen may take part. */
  touch: boolean;
  fullscreen: boolean;
}

export interface Progress {
  done: number;
  of: number;
}

export interface Notice {
  title: string;
  html: string;
}

/** One trial as the participant is shown it. `show` belongs to the task. */
export interface Trial {
  index: number;
  phase: string;
  task: string;
  show: Record<string, unknown>;
  /** Every image that the trial uses. */
  images: string[];
  /** Shown, self-paced, before the trial. */
  notice: Notice | null;
}

export type Exit =
  | { kind: "redirect"; url: string; place?: string; code?: string }
  | { kind: "form"; action: string; fields: Record<string, string> };

export interface Question {
  text: string;
  options: string[];
}

export interface Score {
  correct: number;
  of: number;
}

export type Outcome =
  | "completed"
  | "declined"
  | "screened_out"
  | "timed_out"
  | "returned"
  | "withdrawn"
  | "expired";

/** Step of the journey -> what its screen needs. */
export interface StepContents {
  preview: { html: string };
  consent: { html: string };
  instructions: { pages: string[] };
  comprehension: { questions: Question[]; attempts_left: number };
  trials: { trial: Trial };
  feedback: { html: string };
  debrief: { html: string; score: Score | null };
  end: { outcome: Outcome; html: string; exit: Exit | null };
}

export type Step = keyof StepContents;

interface StateOf<S extends Step> {
  session: { id: string; status: string };
  step: S;
  content: StepContents[S];
  progress: Progress;
}

/** Where a session stands: discriminated by `step`. */
export type State = { [S in Step]: StateOf<S> }[Step];

/** The state of one particular step. */
export type StateAt<S extends Step> = Extract<State, { step: S }>;

export type Entered = State & { token: string | null; study: StudyDoc };
export type Resumed = State & { study: StudyDoc };

/** All times in ms of the client's monotonic clock (`performance.now`). */
export interface Timing {
  rt_ms: number;
  onset_ms: number;
  onset_uncertainty_ms: number;
  answered_ms: number;
  /** Of a ranking: from the onset to the first choice. */
  first_choice_ms?: number;
  /** Size of the picture as it was drawn, CSS pixels. */
  shown_width?: number;
  shown_height?: number;
}

export type EventKind =
  | "blur"
  | "focus"
  | "hidden"
  | "visible"
  | "resize"
  | "fullscreen_enter"
  | "fullscreen_exit"
  | "reload"
  | "offline"
  | "online"
  | "image_error"
  | "script_error"
  | "back"
  | "input";

export interface ClientEvent {
  kind: EventKind;
  /** ms of the client's monotonic clock. */
  at_ms: number;
  trial_index: number | null;
  /** At most 200 characters. */
  detail: string | null;
}

export interface ResponseBody {
  response: Record<string, unknown>;
  timing: Timing;
  events: ClientEvent[];
}

export interface ResponseReply {
  feedback: Record<string, unknown> | null;
  next: State;
}
