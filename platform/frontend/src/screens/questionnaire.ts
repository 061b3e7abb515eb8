/**
 * Questions before and after the trials, on one page. A small form of its own, loaded only by studies
 * that ask: it needs no inline styles, which the content security policy forbids.
 */
import "../style/questionnaire.css";
import { ApiError } from "../api";
import { h, prose } from "../dom";
import { actions, button, card } from "../shell";
import { perTab } from "../storage";
import type { Asked, State, StateAt } from "../types";
import { say, screenName } from "../words";
import { type Context, finishStep, once } from "./context";

type Answer = string | number | string[] | Record<string, string>;
type Answers = Record<string, Answer>;

/** One question of the page. */
interface Field {
  root: HTMLElement;
  /** Null where nothing was answered. */
  read: () => Answer | null;
  write: (answer: Answer) => void;
  /** What is wrong with it now; null where nothing is. */
  fault: () => string | null;
  /** Where to type. */
  first: () => HTMLElement | null;
}

/** Kept for the tab alone: others may use this computer later. */
const drafts = perTab();

export function questionnaire(
  ctx: Context,
  state: StateAt<"questions_before"> | StateAt<"questions_after">,
): Promise<State> {
  const { step, content, session } = state;
  const name = screenName(step);
  const key = `diptych.draft.${session.id}.${step}`;
  const fields = new Map(content.questions.map((asked, at) => [asked.id, field(asked, at)]));
  const notes = new Map([...fields].map(([id, { root }]) => [id, noteOf(root, id)]));
  const marked = h("p", { class: "callout warn", role: "alert", hidden: true });
  marked.textContent = say("answer-marked");
  recall(key, fields);

  const collect = (): Answers => {
    const answers: Answers = {};
    for (const [id, { read }] of fields) {
      const answer = read();
      if (answer !== null) answers[id] = answer;
    }
    return answers;
  };
  /** Shows the faults; leads to the first of them. */
  const show = (faults: Map<string, string>): void => {
    for (const [id, note] of notes) {
      note.textContent = faults.get(id) ?? "";
      note.hidden = !faults.has(id);
      fields.get(id)?.root.classList.toggle("wrong", faults.has(id));
    }
    marked.hidden = faults.size === 0;
    const [first] = faults.keys();
    if (first) fields.get(first)?.first()?.focus();
  };

  return new Promise((resolve, reject) => {
    const submit = async (): Promise<void> => {
      const faults = new Map<string, string>();
      for (const [id, { fault }] of fields) {
        const wrong = fault();
        if (wrong) faults.set(id, wrong);
      }
      show(faults);
      if (faults.size > 0) return;
      try {
        const next = await once(screen, () => finishStep(ctx, step, { answers: collect() }));
        drafts.removeItem(key);
        resolve(next);
      } catch (error) {
        // The host looks again, and says which answer it does not take: the page keeps them all.
        if (!(error instanceof ApiError) || error.status !== 422) return reject(error);
        show(new Map(Object.keys(error.fields).map((id) => [id, say("answer-again")])));
        if (marked.hidden) reject(error);
      }
    };
    const screen = card(
      name,
      h("h1", { text: name }),
      ...[...fields.values()].map(({ root }) => root),
      marked,
      actions(
        button(say("continue"), {
          testid: "questions-submit",
          icon: "right",
          onclick: () => void submit(),
        }),
      ),
    );
    screen.classList.add("questionnaire");
    screen.addEventListener("input", () => drafts.setItem(key, JSON.stringify(collect())));
    ctx.shell.show(name, screen);
  });
}

/** Puts back what was typed before a reload. */
function recall(key: string, fields: Map<string, Field>): void {
  try {
    const kept = JSON.parse(drafts.getItem(key) ?? "{}") as Answers;
    for (const [id, answer] of Object.entries(kept)) fields.get(id)?.write(answer);
  } catch {
    // Of another version of this page: nothing to put back.
  }
}

/** The place for what is wrong with an answer, tied to its field for screen readers. */
function noteOf(root: HTMLElement, id: string): HTMLElement {
  const note = h("p", { class: "fault", id: `fault-${id}`, hidden: true, testid: `fault-${id}` });
  root.append(note);
  for (const input of root.querySelectorAll("input, textarea, fieldset")) {
    input.setAttribute("aria-describedby", note.id);
  }
  return note;
}

function field(asked: Asked, at: number): Field {
  switch (asked.type) {
    case "text":
      return textField(asked, at);
    case "number":
      return numberField(asked, at);
    case "choice":
      return choiceField(asked, at);
    case "likert":
      return gridField(asked, at);
    case "slider":
      return sliderField(asked, at);
  }
}

/** The question, and a word where it may be left out. */
function heading(asked: Asked): HTMLElement {
  const body = prose(asked.html);
  if (!asked.required) body.append(h("p", { class: "optional", text: say("optional") }));
  return body;
}

const missing = (asked: Asked, read: () => Answer | null) => (): string | null =>
  asked.required && read() === null ? say("answer-needed") : null;

/** A question with one field; `placed` is what stands below the question, the field included. */
function labelled(
  asked: Asked,
  at: number,
  input: HTMLElement,
  placed: HTMLElement[] = [input],
): Field {
  input.setAttribute("aria-labelledby", `asked-${at}`);
  if (asked.required) input.setAttribute("aria-required", "true");
  const head = heading(asked);
  head.id = `asked-${at}`;
  const root = h("div", { class: "question" }, head, ...placed);
  const nothing = (): null => null;
  return { root, read: nothing, write: () => undefined, fault: nothing, first: () => input };
}

function textField(asked: Asked, at: number): Field {
  const shared = { maxlength: asked.max_length, dir: "auto", testid: `field-${asked.id}` };
  const input =
    asked.lines > 1
      ? h("textarea", { ...shared, rows: asked.lines })
      : h("input", { ...shared, type: "text", class: "line", autocomplete: "off" });
  const read = (): string | null => input.value.trim() || null;
  const write = (answer: Answer): void => {
    input.value = String(answer);
  };
  return { ...labelled(asked, at, input), read, write, fault: missing(asked, read) };
}

function numberField(asked: Asked, at: number): Field {
  const input = h("input", {
    type: "text",
    inputmode: "decimal",
    class: "line number",
    autocomplete: "off",
    dir: "ltr",
    testid: `field-${asked.id}`,
  });
  const unit = h("span", { class: "unit", text: asked.unit });
  const box = h("div", { class: "measure" }, input, unit);
  // Many people write a decimal comma.
  const value = (): number => Number(input.value.trim().replace(",", "."));
  const read = (): number | null => (input.value.trim() === "" ? null : value());
  const write = (answer: Answer): void => {
    input.value = String(answer);
  };
  const fault = (): string | null => {
    const answer = read();
    if (answer === null) return missing(asked, read)();
    const { min, max } = asked;
    if (!Number.isFinite(answer)) return say("number-needed");
    if (min !== null && max !== null) {
      return answer < min || answer > max ? say("number-between", { min, max }) : null;
    }
    if (min !== null && answer < min) return say("number-from", { min });
    if (max !== null && answer > max) return say("number-to", { max });
    return null;
  };
  return { ...labelled(asked, at, input, [box]), read, write, fault };
}

/** A fieldset of radio buttons or boxes. */
function options(
  name: string,
  legend: HTMLElement,
  texts: readonly string[],
  kind: "radio" | "checkbox",
  testid: string,
): { root: HTMLFieldSetElement; inputs: HTMLInputElement[] } {
  const inputs = texts.map((value, index) =>
    h("input", { type: kind, name, value, testid: `${testid}-${index}` }),
  );
  const labels = inputs.map((input, index) =>
    h("label", { class: "option" }, input, h("span", { text: texts[index], dir: "auto" })),
  );
  const list = h("div", { class: "options" }, ...labels);
  return {
    root: h("fieldset", { class: "question" }, h("legend", {}, legend), list),
    inputs,
  };
}

function choiceField(asked: Asked, at: number): Field {
  const kind = asked.multiple ? "checkbox" : "radio";
  const testid = `field-${asked.id}`;
  const { root, inputs } = options(`asked-${at}`, heading(asked), asked.options, kind, testid);
  const chosen = (): string[] => inputs.filter(({ checked }) => checked).map((i) => i.value);
  const read = (): Answer | null => {
    const [first] = chosen();
    if (first === undefined) return null;
    return asked.multiple ? chosen() : first;
  };
  const write = (answer: Answer): void => {
    const kept = Array.isArray(answer) ? answer : [answer];
    for (const input of inputs) input.checked = kept.includes(input.value);
  };
  const first = (): HTMLElement | null => inputs[0] ?? null;
  return { root, read, write, fault: missing(asked, read), first };
}

/** Statements, each with the points of one scale. */
function gridField(asked: Asked, at: number): Field {
  const rows = asked.rows.map((row, index) => {
    const legend = h("span", { class: "statement", text: row, dir: "auto" });
    const name = `asked-${at}-${index}`;
    return {
      row,
      ...options(name, legend, asked.options, "radio", `field-${asked.id}-${index}`),
    };
  });
  for (const { root } of rows) root.classList.add("scale");
  const list = rows.map(({ root }) => root);
  const fieldset = h("fieldset", { class: "question grid" });
  fieldset.append(h("legend", {}, heading(asked)), ...list);
  const answers = (): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const { row, inputs } of rows) {
      const input = inputs.find(({ checked }) => checked);
      if (input) found[row] = input.value;
    }
    return found;
  };
  const read = (): Answer | null => (Object.keys(answers()).length > 0 ? answers() : null);
  const write = (answer: Answer): void => {
    for (const { row, inputs } of rows) {
      const kept = (answer as Record<string, string>)[row];
      for (const input of inputs) input.checked = input.value === kept;
    }
  };
  const open = () => rows.find(({ inputs }) => !inputs.some(({ checked }) => checked));
  const fault = (): string | null => (asked.required && open() ? say("row-needed") : null);
  const first = (): HTMLElement | null => (open() ?? rows[0])?.inputs[0] ?? null;
  return { root: fieldset, read, write, fault, first };
}

/** A slider has no answer until it is touched: its first place must not count as one. */
function sliderField(asked: Asked, at: number): Field {
  const { min, max, step, ends } = asked;
  const low = min ?? 0;
  const high = max ?? 100;
  const input = h("input", {
    type: "range",
    min: low,
    max: high,
    step,
    class: "slider untouched",
    testid: `field-${asked.id}`,
  });
  input.value = String((low + high) / 2);
  const shown = h("output", { class: "slider-value", text: "–" });
  let touched = false;
  const touch = (): void => {
    touched = true;
    input.classList.remove("untouched");
    shown.textContent = input.value;
    input.removeAttribute("aria-valuetext");
  };
  input.setAttribute("aria-valuetext", say("not-answered"));
  input.addEventListener("input", touch);
  const press = (): void => {
    if (touched) return;
    touch();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  // A click on the place where it begins is an answer too, though nothing moves; so is Space.
  input.addEventListener("click", press);
  input.addEventListener("keydown", ({ key }) => {
    if (key === " " || key === "Enter") press();
  });
  const named = ends.map((text) => h("span", { text, dir: "auto" }));
  const under = h("div", { class: "slider-ends" }, ...named);
  const read = (): number | null => (touched ? Number(input.value) : null);
  const write = (answer: Answer): void => {
    input.value = String(answer);
    touch();
  };
  return {
    ...labelled(asked, at, input, [input, under, shown]),
    read,
    write,
    fault: missing(asked, read),
  };
}
