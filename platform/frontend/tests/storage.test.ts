import { describe, expect, it } from "vitest";
import { Outbox, type Unsent } from "../src/outbox";
import { type KeyValue, Layered, TokenStore } from "../src/storage";
import { UNTIMED } from "../src/task";

const forbidden = (): KeyValue => {
  throw new DOMException("denied", "SecurityError");
};

/** Can be read but not written, as when its quota is used up. */
function full(kept: Record<string, string> = {}): KeyValue {
  return {
    getItem: (key) => kept[key] ?? null,
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
    removeItem: () => undefined,
  };
}

describe("storage that may fail", () => {
  it("keeps a value in memory where every place is forbidden", () => {
    const place = new Layered([forbidden, forbidden]);
    place.setItem("a", "1");
    expect(place.getItem("a")).toBe("1");
    place.removeItem("a");
    expect(place.getItem("a")).toBeNull();
  });

  it("falls back to the next place", () => {
    const first = new Layered([forbidden, () => sessionStorage]);
    first.setItem("a", "1");
    const afterReload = new Layered([forbidden, () => sessionStorage]);
    expect(afterReload.getItem("a")).toBe("1");
  });

  it("does not bring back an older value that could not be overwritten", () => {
    const place = new Layered([() => full({ a: "old" })]);
    place.setItem("a", "new");
    expect(place.getItem("a")).toBe("new");
  });
});

describe("the token", () => {
  it("lasts beyond a reload", () => {
    new TokenStore("greebles", {}).set("t1");
    expect(new TokenStore("greebles", {}).get()).toBe("t1");
  });

  it("belongs to one study and one entry link", () => {
    new TokenStore("greebles", { PROLIFIC_PID: "one" }).set("t1");
    expect(new TokenStore("greebles", { PROLIFIC_PID: "two" }).get()).toBeNull();
    expect(new TokenStore("greebles", {}).get()).toBeNull();
    expect(new TokenStore("butterflies", { PROLIFIC_PID: "one" }).get()).toBeNull();
  });

  it("does not depend on the order of the link's parameters", () => {
    new TokenStore("greebles", { a: "1", b: "2" }).set("t1");
    expect(new TokenStore("greebles", { b: "2", a: "1" }).get()).toBe("t1");
  });

  it("of a preview is forgotten with the tab", () => {
    new TokenStore("greebles", { preview: "key" }).set("t1");
    sessionStorage.clear();
    expect(new TokenStore("greebles", { preview: "key" }).get()).toBeNull();
  });

  it("leaves no platform id in the browser", () => {
    new TokenStore("greebles", { PROLIFIC_PID: "5f3e9c0a" }).set("t1");
    const kept = JSON.stringify([{ ...localStorage }, { ...sessionStorage }]);
    expect(kept).not.toContain("5f3e9c0a");
  });
});

const unsent: Unsent = {
  session: "s1",
  trial: {
    index: 4,
    phase: "training",
    task: "t",
    show: {},
    timing: UNTIMED,
    images: [],
    notice: null,
  },
  body: {
    response: { ranking: ["A", "B"] },
    timing: { rt_ms: 812.5, onset_ms: 100, onset_uncertainty_ms: 16.7, answered_ms: 912.5 },
    events: [{ kind: "blur", at_ms: 5, trial_index: 4, detail: null }],
  },
};

describe("the outbox", () => {
  it("gives back the answer as it was, after a reload", () => {
    new Outbox("greebles").put(unsent);
    expect(new Outbox("greebles").peek("s1")).toEqual(unsent);
  });

  it("is empty once the answer was acknowledged", () => {
    const outbox = new Outbox("greebles");
    outbox.put(unsent);
    outbox.clear();
    expect(new Outbox("greebles").peek("s1")).toBeNull();
  });

  it("never hands an answer to another session", () => {
    new Outbox("greebles").put(unsent);
    expect(new Outbox("greebles").peek("s2")).toBeNull();
    expect(new Outbox("greebles").peek("s1")).toBeNull();
  });

  it.each(["", "{", "null", "[]", '{"session":"s1"}'])("drops what it cannot read: %o", (text) => {
    sessionStorage.setItem("diptych.outbox.greebles", text);
    expect(new Outbox("greebles").peek("s1")).toBeNull();
    expect(sessionStorage.length).toBe(0);
  });

  it("works as long as the page lives where nothing can be stored", () => {
    const outbox = new Outbox("greebles", new Layered([forbidden]));
    outbox.put(unsent);
    expect(outbox.peek("s1")).toEqual(unsent);
  });
});
