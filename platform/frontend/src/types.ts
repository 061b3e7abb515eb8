/** The documents of the participant API by the names that the page uses; written by the host. */
import type { components } from "./generated/api";

type Schemas = components["schemas"];

export type StudyDoc = Schemas["StudyDoc"];
export type WayBack = Schemas["WayBack"];
export type ScreenNeeds = Schemas["ScreenNeeds"];
export type Progress = Schemas["Progress"];
export type Notice = Schemas["Notice"];
export type Trial = Schemas["Trial"];
export type Exit = Schemas["Ending"]["exit"] & object;
export type NextPart = Schemas["NextPart"];
export type Question = Schemas["QuestionDoc"];
export type Asked = Schemas["AskedDoc"];
export type Score = Schemas["Score"];
export type Outcome = Schemas["Ending"]["outcome"];

export type Entered = Schemas["EnteredState"];
export type Resumed = Schemas["Described"];

/** Where a session stands, or the preview, which has no session: discriminated by `step`. */
export type State = Schemas["State"] | Schemas["EnteredPreviewState"];
/** A state of a session; there is no preview among them. */
export type SessionState = Schemas["State"];
export type Step = State["step"];

/** The state of one particular step. */
export type StateAt<S extends Step> = Extract<State, { step: S }>;

/** All times in ms of the client's monotonic clock (`performance.now`). */
export type Timing = Schemas["Timing"];
/** What a trial shows, and for how long. */
export type TrialTiming = Schemas["TrialTimingDoc"];
export type ClientEvent = Required<Schemas["Event"]>;
export type EventKind = ClientEvent["kind"];
/** What `response` holds is for the task to say. */
export type ResponseBody = {
  response: Record<string, unknown>;
  timing: Timing;
  events: ClientEvent[];
};
export type ResponseReply = Schemas["Answered"];

/** What each task of this package sends back after an answer. */
export type CategoryLearningExplanation = Schemas["CategoryLearningExplanation"];
export type CategoryLearningFeedback = Schemas["CategoryLearningFeedback"];
export type TwoAFCFeedback = Schemas["TwoAFCFeedback"];
export type TwoAFCCounter = Schemas["TwoAFCCounter"];
export type OddOneOutFeedback = Schemas["OddOneOutFeedback"];
export type ComparisonFeedback = Schemas["ComparisonFeedback"];
export type EstimationFeedback = Schemas["EstimationFeedback"];
export type IdentifyFeedback = Schemas["IdentifyFeedback"];
export type CaptionFeedback = Schemas["CaptionFeedback"];
export type PointFeedback = Schemas["PointFeedback"];
