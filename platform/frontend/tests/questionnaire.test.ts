import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api";
import type { Context } from "../src/screens/context";
import { questionnaire } from "../src/screens/questionnaire";
import { Shell } from "../src/shell";
import type { Asked, State } from "../src/types";

const BASE = {
  html: "<p>Why?</p>",
  required: true,
  options: [],
  multiple: false,
  rows: [],
  min: null,
  max: null,
  step: 1,
  ends: [],
  unit: "",
  max_length: 100,
  lines: 1,
};
const QUESTIONS = [
  { ...BASE, id: "age", type: "number", min: 18, max: 99 },
  { ...BASE, id: "tools", type: "choice", options: ["a", "b"], multiple: true, required: false },
  { ...BASE, id: "mood", type: "likert", rows: ["r", "s"], options: ["no", "yes"] },
  { ...BASE, id: "sure", type: "slider", min: 0, max: 10 },
] as Asked[];
const NEXT = { step: "instructions" } as State;
let sent: unknown[] = [];
let refuse: ApiError | null = null;

function find<T extends HTMLElement = HTMLInputElement>(testid: string): T {
  const found = document.querySelector<T>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`no ${testid}`);
  return found;
}

function open(): Promise<State> {
  document.body.innerHTML = '<div id="diptych"></div>';
  const shell = new Shell(document.querySelector("#diptych") as HTMLElement, "Study");
  const client = {
    post: vi.fn(async (_: string, body: unknown) => {
      if (refuse) throw refuse;
      sent.push(body);
      return NEXT;
    }),
  };
  const state = {
    step: "questions_before",
    session: { id: "s1", status: "consented" },
    progress: { done: 0, of: 1 },
    content: { questions: QUESTIONS },
  };
  return questionnaire({ shell, client } as unknown as Context, state as never);
}

function type(testid: string, value: string): void {
  find(testid).value = value;
  find(testid).dispatchEvent(new Event("input", { bubbles: true }));
}

function answerAll(): void {
  type("field-age", "33,5");
  for (const choice of ["field-mood-0-1", "field-mood-1-0"]) find(choice).click();
  type("field-sure", "7");
}

beforeEach(() => {
  sent = [];
  refuse = null;
  sessionStorage.clear();
});

describe("a page of questions", () => {
  it("sends numbers, lists and rows, and leaves out what was left out", async () => {
    const done = open();
    answerAll();
    find("questions-submit").click();
    expect(await done).toBe(NEXT);
    expect(sent).toEqual([{ answers: { age: 33.5, mood: { r: "yes", s: "no" }, sure: 7 } }]);
  });

  it("names what is missing, and does not count a slider that nobody touched", () => {
    void open();
    type("field-age", "17");
    find("questions-submit").click();
    expect(find("fault-age").textContent).toBe("Enter a number from 18 to 99.");
    expect(find("fault-mood").hidden).toBe(false);
    expect(find("fault-sure").hidden).toBe(false);
    expect(find("fault-tools").hidden).toBe(true);
    expect(document.activeElement).toBe(find("field-age"));
    expect(sent).toEqual([]);
  });

  it("keeps what was typed over a reload, and forgets it once it is stored", async () => {
    void open();
    answerAll();
    const done = open();
    expect(find("field-age").value).toBe("33.5");
    expect(find("field-mood-0-1").checked).toBe(true);
    find("questions-submit").click();
    await done;
    void open();
    expect(find("field-age").value).toBe("");
  });

  it("marks an answer that the host refuses, and keeps the others", async () => {
    refuse = new ApiError(422, "invalid", "no", { age: "at least 20" });
    void open();
    answerAll();
    find("questions-submit").click();
    await vi.waitFor(() => expect(find("fault-age").hidden).toBe(false));
    expect(find("field-sure").value).toBe("7");
  });
});
