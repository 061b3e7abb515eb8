import { h } from "../dom";
import { actions, button, card } from "../shell";
import type { Question, State, StateAt } from "../types";
import { say, screenName } from "../words";
import { type Context, finishStep, once } from "./context";
import { leaf } from "./instructions";

/** Questions about the instructions. The host alone knows the right answers. */
export async function comprehension(ctx: Context, state: StateAt<"comprehension">): Promise<State> {
  let now = state;
  for (let failed = false; ; failed = true) {
    const next = await ask(ctx, now, failed);
    if (next.step !== "comprehension") return next;
    now = next;
  }
}

function ask(ctx: Context, state: StateAt<"comprehension">, failed: boolean): Promise<State> {
  const name = screenName("comprehension");
  const { questions, attempts_left } = state.content;
  return new Promise((resolve, reject) => {
    const fields = questions.map(fieldset);
    const missing = h("p", { class: "callout warn", role: "alert", hidden: true });
    missing.textContent = say("answer-all");
    const submit = (): void => {
      const answers = fields.map(chosen);
      const first = answers.indexOf(null);
      missing.hidden = first < 0;
      if (first >= 0) {
        fields[first]?.querySelector("input")?.focus();
        return;
      }
      once(screen, () => finishStep(ctx, "comprehension", { answers })).then(resolve, reject);
    };
    const again = async (): Promise<void> => {
      await leaf(ctx, ctx.instructions, say("back-to-questions"));
      ctx.shell.show(name, screen);
    };
    const screen = card(
      name,
      h("h1", { text: name }),
      failed ? retryNote(attempts_left) : h("p", { text: say("read-and-answer") }),
      ...fields,
      missing,
      actions(
        ctx.instructions.length > 0
          ? button(say("read-again"), {
              testid: "read-again",
              kind: "quiet",
              onclick: () => void again(),
            })
          : null,
        button(say("check-answers"), { testid: "comprehension-submit", onclick: submit }),
      ),
    );
    ctx.shell.show(name, screen);
  });
}

function retryNote(attempts_left: number): HTMLElement {
  const note = h("p", { class: "callout warn", role: "alert", testid: "comprehension-retry" });
  note.textContent = say("tries-left", { tries: attempts_left });
  return note;
}

function fieldset({ text, options }: Question, at: number): HTMLFieldSetElement {
  return h(
    "fieldset",
    { class: "question" },
    h("legend", { text, dir: "auto" }),
    ...options.map((option, index) =>
      h(
        "label",
        { class: "option" },
        h("input", {
          type: "radio",
          name: `question-${at}`,
          value: index,
          testid: `answer-${at}-${index}`,
        }),
        h("span", { text: option, dir: "auto" }),
      ),
    ),
  );
}

function chosen(field: HTMLFieldSetElement): number | null {
  const input = field.querySelector<HTMLInputElement>("input:checked");
  return input === null ? null : Number(input.value);
}
