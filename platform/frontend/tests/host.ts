/**
 * A host at the other end of `fetch`: holds sessions, stores answers once, and can be made to fail.
 * Only what the participant API promises, so that the journey is tested against the promise.
 */
import { UNTIMED } from "../src/task";
import type { NextPart, Question, State, StudyDoc, Trial, TrialTiming } from "../src/types";

interface Answer {
  response: string;
  feedback: Record<string, unknown> | null;
}

interface HostSession {
  id: string;
  step: string;
  index: number;
  attempts_left: number;
  outcome: string;
  answers: Map<number, Answer>;
}

export interface Received {
  method: string;
  path: string;
  token: string | null;
  body: Record<string, unknown>;
}

type Fault = "503" | "lost reply" | "no network";

const QUESTIONS: Question[] = [
  { text: "How many?", options: ["Two", "Three"] },
  { text: "When?", options: ["Now", "Never"] },
];

export class Host {
  readonly sessions = new Map<string, HostSession>();
  readonly received: Received[] = [];
  /** What befalls the next requests whose path holds `path`. */
  readonly faults: Array<{ path: string; fault: Fault }> = [];
  /** The next request waits for this. */
  hold: Promise<void> | null = null;
  refusal: { status: number; code: string; message: string; said?: unknown } | null = null;
  exit: unknown = {
    kind: "redirect",
    url: "https://app.prolific.com/submissions/complete?cc=X",
    place: "Prolific",
    code: "X",
  };
  /** The next part of the study; nothing in a study of one part. */
  nextPart: NextPart | null = null;
  study: StudyDoc = {
    name: "demo",
    title: "Demo",
    minutes: 3,
    contact: "Lab <lab@example.org>",
    language: "en",
    task: "category_learning",
    parameters: { feedback_ms: 0 },
    screen: { min_width: 0, min_height: 0, touch: true, fullscreen: false },
    resume_within_minutes: 60,
    next_person: "no",
    way_back: null,
    plugin: null,
    px_per_degree: null,
  };
  /** Ends every session, as when nobody has come for too long. */
  timeOut(): void {
    for (const session of this.sessions.values()) {
      session.step = "end";
      session.outcome = "timed_out";
    }
  }

  /** label of each trial; the last two are test trials. */
  readonly labels = ["A", "B", "A", "B"];
  noticeAt: number | null = null;
  timing: TrialTiming = UNTIMED;
  /** Whether the study has images of a size in degrees. */
  calibrates = false;

  readonly fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const path = String(url).replace("/api/v1", "");
    const at = this.faults.findIndex((fault) => path.includes(fault.path));
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault === "no network") throw new TypeError("no network");
    if (fault === "503") return new Response("", { status: 503 });
    const headers = new Headers(init.headers);
    const token = headers.get("Authorization")?.slice("Bearer ".length) ?? null;
    const body = init.body ? JSON.parse(String(init.body)) : {};
    const method = init.method ?? "GET";
    this.received.push({ method, path, token, body });
    const hold = this.hold;
    this.hold = null;
    await hold;
    const [status, value] = this.answer(method, path, token, body);
    if (fault === "lost reply") throw new TypeError("connection reset");
    return new Response(value === null ? null : JSON.stringify(value), { status });
  };

  /** What was received at a path. */
  at(path: string): Received[] {
    return this.received.filter((request) => request.path.endsWith(path));
  }

  private answer(
    method: string,
    path: string,
    token: string | null,
    body: Record<string, unknown>,
  ): [number, unknown] {
    if (method === "POST" && path === "/sessions") return this.enter(body);
    const session = this.sessions.get(token ?? "");
    if (!session) return [401, failure("bad_token", "unknown")];
    if (path === "/session") return [200, { study: this.study, ...this.state(session) }];
    if (path === "/session/images") return [200, { images: this.labels.map((_, i) => `/i/${i}`) }];
    if (path === "/events") return [204, null];
    const step = path.match(/^\/session\/steps\/(\w+)$/)?.[1];
    if (step) return [200, this.finish(session, step, body)];
    const index = path.match(/^\/trials\/(\d+)\/response$/)?.[1];
    return this.respond(session, Number(index), body.response);
  }

  private enter(body: Record<string, unknown>): [number, unknown] {
    if (this.refusal) {
      const { status, ...error } = this.refusal;
      return [status, { error: { ...error, fields: {} } }];
    }
    const entry = body.entry as Record<string, string>;
    if (entry.assignmentId === "ASSIGNMENT_ID_NOT_AVAILABLE") {
      const content = { html: "<p>What it is about.</p>" };
      return [200, { token: null, study: this.study, step: "preview", content }];
    }
    const token = `token-${this.sessions.size + 1}`;
    const session: HostSession = {
      id: `session-${this.sessions.size + 1}`,
      step: "consent",
      index: 0,
      attempts_left: 2,
      outcome: "completed",
      answers: new Map(),
    };
    this.sessions.set(token, session);
    return [201, { token, study: this.study, ...this.state(session) }];
  }

  private finish(session: HostSession, step: string, body: Record<string, unknown>): unknown {
    if (session.step !== step) return this.state(session);
    if (step === "consent" && body.agreed === false) {
      session.step = "end";
      session.outcome = "declined";
      return this.state(session);
    }
    if (step === "comprehension" && JSON.stringify(body.answers) !== "[1,0]") {
      session.attempts_left -= 1;
      if (session.attempts_left === 0) {
        session.step = "end";
        session.outcome = "screened_out";
      }
      return this.state(session);
    }
    const order = [
      "consent",
      "instructions",
      "comprehension",
      ...(this.calibrates ? ["calibration"] : []),
      "trials",
      "feedback",
      "debrief",
      "end",
    ];
    session.step = order[order.indexOf(step) + 1] ?? "end";
    return this.state(session);
  }

  private respond(session: HostSession, index: number, response: unknown): [number, unknown] {
    const text = JSON.stringify(response);
    const before = session.answers.get(index);
    if (!before && session.step === "end") return [409, failure("ended", "Too late.")];
    if (before && before.response !== text) return [409, failure("already_answered", "no")];
    if (!before && index !== session.index) return [409, failure("out_of_order", "no")];
    const label = this.labels[index] as string;
    const ranking = (response as { ranking?: string[] }).ranking ?? [];
    const missed = (response as { missed?: boolean }).missed === true;
    const training = !missed && index < this.labels.length - 2;
    const feedback = training ? { correct: ranking[0] === label, label, duration_ms: 0 } : null;
    if (!before) {
      session.answers.set(index, { response: text, feedback });
      session.index += 1;
      if (session.index === this.labels.length) session.step = "feedback";
    }
    return [200, { feedback: before?.feedback ?? feedback, next: this.state(session) }];
  }

  private trial(index: number): Trial {
    return {
      index,
      phase: index < this.labels.length - 2 ? "training" : "test",
      task: this.study.task,
      show: { image: `/i/${index}`, classes: ["A", "B"], rank: 1 },
      timing: this.timing,
      images: [`/i/${index}`],
      notice: index === this.noticeAt ? { title: "Half way", html: "<p>Rest a little.</p>" } : null,
    };
  }

  private state(session: HostSession): State {
    const contents: Record<string, unknown> = {
      consent: { html: "<h1>Taking part</h1><p>Read me.</p>" },
      instructions: { pages: ["<h1>One</h1>", "<h1>Two</h1>"] },
      comprehension: { questions: QUESTIONS, attempts_left: session.attempts_left },
      calibration: { viewing_distance_cm: 57 },
      trials: { trial: this.trial(session.index) },
      feedback: { html: "<h1>Thoughts</h1>" },
      debrief: { html: "<h1>Why</h1>", score: { correct: 1, of: 2 } },
      end: {
        outcome: session.outcome,
        html: "<p>Bye.</p>",
        exit: this.exit,
        ...(this.nextPart ? { next_part: this.nextPart } : {}),
      },
    };
    return {
      session: { id: session.id, status: "running" },
      step: session.step,
      content: contents[session.step],
      progress: { done: session.index, of: this.labels.length },
    } as State;
  }
}

const failure = (code: string, message: string) => ({ error: { code, message, fields: {} } });
