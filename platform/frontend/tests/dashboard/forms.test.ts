import { beforeEach, describe, expect, it, vi } from "vitest";
import { helpForms } from "../../src/dashboard/forms";

const box = (id: string): HTMLInputElement => document.querySelector(`#${id}`) as HTMLInputElement;

function tick(id: string, on = true): void {
  box(id).checked = on;
  box(id).dispatchEvent(new Event("change", { bubbles: true }));
}

beforeEach(() => {
  document.body.innerHTML = `
    <form id="form" data-once>
      <input type="checkbox" id="all" data-check-all="session">
      <input type="checkbox" name="session" id="a"><input type="checkbox" name="session" id="b">
      <span id="count" data-count="session"></span>
    </form>
    <input id="link" value=" a link "><button id="copy" data-copy="#link" hidden>Copy</button>`;
  helpForms(document);
});

describe("help for forms", () => {
  it("ticks all, counts them, and shows when only some are ticked", () => {
    const count = document.querySelector("#count");
    expect(count?.textContent).toBe("0 chosen");
    tick("all");
    expect([box("a").checked, box("b").checked]).toEqual([true, true]);
    expect(count?.textContent).toBe("2 chosen");
    tick("a", false);
    expect([box("all").checked, box("all").indeterminate]).toEqual([false, true]);
    tick("b", false);
    expect([box("all").checked, box("all").indeterminate]).toEqual([false, false]);
    tick("a");
    tick("b");
    expect([box("all").checked, box("all").indeterminate]).toEqual([true, false]);
  });

  it("lets a form be sent once", () => {
    const form = document.querySelector("#form") as HTMLFormElement;
    const sent: boolean[] = [];
    form.addEventListener("submit", (event) => {
      sent.push(!event.defaultPrevented);
      event.preventDefault();
    });
    for (let time = 0; time < 3; time++)
      form.dispatchEvent(new Event("submit", { cancelable: true }));
    expect(sent).toEqual([true, false, false]);
  });

  it("copies without the blanks around, and says so", async () => {
    const writeText = vi.fn().mockResolvedValue(undefined);
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText } });
    const button = document.querySelector("#copy") as HTMLButtonElement;
    expect(button.hidden).toBe(false);
    button.click();
    await vi.waitFor(() => expect(document.querySelector("#voice")?.textContent).toBe("Copied."));
    expect(writeText).toHaveBeenCalledExactlyOnceWith("a link");
  });

  it("helps what htmx brings in later, and nothing twice", () => {
    helpForms(document);
    const all = vi.fn();
    box("a").addEventListener("change", all);
    tick("all");
    expect(all).toHaveBeenCalledTimes(1);
  });
});
