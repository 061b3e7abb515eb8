import { h } from "../dom";
import { actions, button, card, type Shell } from "../shell";
import { say } from "../words";
import type { Context } from "./context";

/**
 * Who somebody is, where a link alone does not tell: the same person with another submission, or
 * the next one at a computer that many use.
 */

/** Asks whether a session under way is this person's; goes on once they have said so. */
export function claim(ctx: Pick<Context, "shell">, message: string): Promise<void> {
  const title = say("begun-before");
  return new Promise((resolve) => {
    const yes = button(say("was-me"), { testid: "claim", onclick: () => resolve() });
    const screen = card(
      title,
      h("h1", { text: title }),
      h("p", { text: message }),
      h("p", { class: "facts", text: say("if-not-you") }),
      actions(yes),
    );
    screen.classList.add("short");
    screen.dataset.testid = "claim-screen";
    ctx.shell.setProgress(null);
    ctx.shell.show(title, screen);
  });
}

/** Asks who is at a computer that many use; whether it is the person of the session under way. */
export function whoIsThere(ctx: Pick<Context, "shell">): Promise<boolean> {
  const title = say("who-is-there");
  return new Promise((resolve) => {
    const screen = card(
      title,
      h("h1", { text: title }),
      h("p", { text: say("session-begun-here") }),
      actions(
        button(say("go-on-with-it"), {
          testid: "same-person",
          kind: "quiet",
          onclick: () => resolve(true),
        }),
        button(say("i-am-new"), { testid: "new-person", onclick: () => resolve(false) }),
      ),
    );
    screen.classList.add("short");
    screen.dataset.testid = "who-screen";
    ctx.shell.setProgress(null);
    ctx.shell.show(title, screen);
  });
}

/** Says that a session goes on, until its page is first used, and lets somebody else begin anew. */
export function offerAnew(shell: Shell, begin: () => void): void {
  shell.banner("anew", say("goes-on-here"), { text: say("not-you"), do: begin });
  const done = (): void => {
    for (const kind of ["pointerdown", "keydown"]) shell.stage.removeEventListener(kind, done);
    shell.clearBanner("anew");
  };
  for (const kind of ["pointerdown", "keydown"]) shell.stage.addEventListener(kind, done);
}
