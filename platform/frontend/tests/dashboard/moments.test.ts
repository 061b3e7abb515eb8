import { describe, expect, it } from "vitest";
import { helpMoments, toLocal, toUtc } from "../../src/dashboard/moments";

describe("a date and time in a form", () => {
  it("is the same moment in the viewer's zone and in UTC", () => {
    for (const utc of ["2030-01-15T09:00", "2030-07-01T23:59", "2028-02-29T00:00"]) {
      expect(toUtc(toLocal(utc))).toBe(utc);
      expect(new Date(toLocal(utc)).getTime()).toBe(Date.parse(`${utc}Z`));
    }
    expect([toLocal(""), toUtc("")]).toEqual(["", ""]);
  });

  it("is sent in UTC under the name of its field, and empty when it is emptied", () => {
    document.body.innerHTML = `<form><div class="field"><label>Opens <span data-zone></span></label>
      <input name="opens_at" type="datetime-local" value="2030-01-15T09:00" data-moment></div></form>`;
    helpMoments(document);
    helpMoments(document);
    const form = document.querySelector("form") as HTMLFormElement;
    const input = form.querySelector("[data-moment]") as HTMLInputElement;
    const sent = (): unknown[] => new FormData(form).getAll("opens_at");
    expect(sent()).toEqual(["2030-01-15T09:00"]);
    input.value = toLocal("2031-05-06T07:08");
    input.dispatchEvent(new Event("input"));
    expect(sent()).toEqual(["2031-05-06T07:08"]);
    input.value = "";
    input.dispatchEvent(new Event("input"));
    expect(sent()).toEqual([""]);
    expect(form.querySelector("[data-zone]")?.textContent).toMatch(/^\(.+\)$/);
  });
});
