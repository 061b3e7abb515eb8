import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "../src/api";
import { Journey } from "../src/journey";
import { forgetImages } from "../src/preload";
import { isWebAddress } from "../src/screens/end";
import { browser } from "../src/screens/leaving";
import { Shell } from "../src/shell";
import { UNTIMED } from "../src/task";
import { click, find, key, maybe, pass, until } from "./hands";
import { Host } from "./host";
import { broken, traffic } from "./setup";

let host: Host;
/** Pages left behind by a reload: their requests reach nobody any more. */
let abandon: Array<() => void> = [];

beforeEach(() => {
  vi.useFakeTimers();
  history.replaceState(null, "");
  forgetImages();
  host = new Host();
  abandon = [];
});

afterEach(async () => {
  for (const leave of abandon) leave();
  vi.useRealTimers();
});

/** Opens the study's page, as a first visit or a reload does. */
function open(entry: Record<string, string> = {}): Shell {
  for (const leave of abandon) leave();
  let left = false;
  abandon.push(() => {
    left = true;
  });
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const shell = new Shell(root, "Demo");
  const client = new Client({
    random: () => 0,
    fetch: (...args) => (left ? new Promise(() => undefined) : host.fetch(...args)),
    onTrouble: () => shell.banner("network", "trouble"),
    onRecovered: () => shell.clearBanner("network"),
  });
  void new Journey({ study: "demo", entry, shell, client }).run();
  return shell;
}

const answers = () => host.received.filter(({ path }) => path.endsWith("/response"));
const session = () => [...host.sessions.values()].at(-1);

async function toComprehension(): Promise<void> {
  (await until("consent-agree")).focus();
  click("consent-agree");
  await until("next");
  await pass(3000);
  click("next");
  click("next");
  await until("comprehension-submit");
}

function choose(...options: number[]): void {
  options.forEach((option, at) => {
    (find(`answer-${at}-${option}`) as HTMLInputElement).checked = true;
  });
  click("comprehension-submit");
}

async function toTrials(): Promise<void> {
  await toComprehension();
  choose(1, 0);
  await until("start");
  click("start");
}

/** Until the trial's buttons take answers. */
async function trialReady(): Promise<void> {
  await until("class-A");
  for (let i = 0; (find("class-A") as HTMLButtonElement).disabled && i < 200; i += 1)
    await pass(10);
}

async function answer(name: "A" | "B", feedback: boolean): Promise<void> {
  await trialReady();
  click(`class-${name}`);
  if (!feedback) return;
  await until("continue");
  await pass(300);
  click("continue");
  await pass(50);
}

describe("a study with images of a size in degrees", () => {
  it("measures the screen before the trials, and draws the images by it", async () => {
    host.calibrates = true;
    host.timing = { ...UNTIMED, image_degrees: 4 };
    open();
    await toComprehension();
    choose(1, 0);
    await until("card-fits");
    click("card-fits");
    await until("distance-kept");
    click("distance-kept");
    await until("start");
    click("start");
    await trialReady();
    const [sent] = host.at("/steps/calibration");
    expect(sent?.body).toMatchObject({ viewing_distance_cm: 57 });
    const px_per_degree = sent?.body.px_per_degree as number;
    const size = (): number => {
      const screen = find("class-A").closest("section") as HTMLElement;
      return Number.parseFloat(screen.style.getPropertyValue("--image-size"));
    };
    expect(size() / 4).toBeCloseTo(px_per_degree, 1);

    // After a reload the host says what it was.
    host.study = { ...host.study, px_per_degree: 51 };
    open();
    await until("start");
    click("start");
    await trialReady();
    expect(size() / 4).toBeCloseTo(51, 1);
  });
});

describe("a deadline", () => {
  it("leads to the next trial without an answer", async () => {
    host.timing = { ...UNTIMED, deadline_ms: 500 };
    open();
    await toTrials();
    await until("too-slow");
    await pass(1500);
    await trialReady();
    expect(host.at("/trials/0/response")[0]?.body.response).toEqual({ missed: true });
    expect(session()?.index).toBeGreaterThanOrEqual(1);
  });
});

describe("the journey", () => {
  it("leads from the link to the end, and sends each thing once", async () => {
    open({ PROLIFIC_PID: "p1", STUDY_ID: "s" });
    await toTrials();
    await answer("A", true);
    await answer("A", true);
    await answer("A", false);
    await pass(50);
    await answer("B", false);
    const area = (await until("feedback-text")) as HTMLTextAreaElement;
    expect(document.querySelector(".unseen[aria-live]")?.textContent).toBe("");
    area.value = "It was nice.";
    click("feedback-submit");
    await until("finish");
    expect(find("score").textContent).toContain("1 of 2");
    click("finish");
    const exit = (await until("exit")) as HTMLAnchorElement;
    expect(exit.href).toBe("https://app.prolific.com/submissions/complete?cc=X");
    expect(exit.textContent).toContain("Prolific");
    expect(host.at("/sessions")).toHaveLength(1);
    expect(host.at("/sessions")[0]?.body).toMatchObject({
      study: "demo",
      entry: { PROLIFIC_PID: "p1", STUDY_ID: "s" },
      browser: { width: window.innerWidth, touch: false },
    });
    expect(host.at("/steps/consent").map(({ body }) => body)).toEqual([{ agreed: true }]);
    expect(host.at("/steps/feedback").map(({ body }) => body)).toEqual([{ text: "It was nice." }]);
    expect(answers().map(({ path }) => path)).toEqual(
      [0, 1, 2, 3].map((index) => `/trials/${index}/response`),
    );
    expect(answers().every(({ token }) => token === "token-1")).toBe(true);
  });

  it("measures how long the instructions were seen", async () => {
    open();
    await toComprehension();
    const read_ms = host.at("/steps/instructions")[0]?.body.read_ms as number;
    expect(read_ms).toBeGreaterThanOrEqual(3000);
    expect(read_ms).toBeLessThan(3500);
  });

  it("goes on by Enter where the focus is on the heading, but decides nothing by it", async () => {
    open();
    await until("consent-agree");
    await pass(300);
    key("Enter");
    await pass(50);
    expect(host.at("/steps/consent")).toHaveLength(0);
    click("consent-agree");
    await until("next");
    key("Enter");
    expect(find("page-count").textContent).toBe("Page 1 of 2");
    await pass(300);
    key("Enter");
    expect(find("page-count").textContent).toBe("Page 2 of 2");
    await pass(300);
    key("Enter");
    expect(host.at("/steps/instructions")).toHaveLength(0);
    expect(document.activeElement).toBe(find("next"));
    key("Enter");
    await until("comprehension-submit");
  });

  it("loads the pictures while the instructions are read", async () => {
    open();
    await until("consent-agree");
    expect(traffic.requests).toBe(0);
    click("consent-agree");
    await until("next");
    await pass(100);
    expect(traffic.requests).toBe(4);
    click("next");
    click("next");
    await until("comprehension-submit");
    choose(1, 0);
    await until("start");
    expect(traffic.requests).toBe(4);
  });

  it("tells the host how the screen is drawn and how the clock steps", async () => {
    open();
    await toComprehension();
    const { refresh_hz, clock_step_ms } = host.at("/steps/instructions")[0]?.body ?? {};
    expect(refresh_hz).toBeGreaterThan(50);
    expect(refresh_hz).toBeLessThan(70);
    expect(clock_step_ms).toBeGreaterThanOrEqual(0);
  });

  it("leafs by arrows and Back, but leaves the instructions only by the button", async () => {
    open();
    await until("consent-agree");
    click("consent-agree");
    await until("next");
    const page = () => find("page-count").textContent;
    expect((find("back") as HTMLButtonElement).disabled).toBe(true);
    key("ArrowRight");
    expect(page()).toBe("Page 2 of 2");
    key("ArrowRight");
    expect(page()).toBe("Page 2 of 2");
    key("ArrowLeft");
    expect(page()).toBe("Page 1 of 2");
    key("ArrowRight");
    window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    expect(page()).toBe("Page 1 of 2");
    expect(host.at("/steps/instructions")).toHaveLength(0);
  });

  it("opens the page of the instructions again that a reload has closed", async () => {
    open();
    await until("consent-agree");
    click("consent-agree");
    await until("next");
    click("next");
    open();
    await until("next");
    expect(find("page-count").textContent).toBe("Page 2 of 2");
    click("back");
    expect(find("page-count").textContent).toBe("Page 1 of 2");
  });

  it("ends politely when consent is refused", async () => {
    open();
    await until("consent-decline");
    click("consent-decline");
    await until("end-declined");
    expect(host.at("/steps/consent").map(({ body }) => body)).toEqual([{ agreed: false }]);
  });

  it("asks for every answer, and again after a wrong one", async () => {
    open();
    await toComprehension();
    click("comprehension-submit");
    await pass(20);
    expect(host.at("/steps/comprehension")).toHaveLength(0);
    choose(0, 0);
    const retry = await until("comprehension-retry");
    expect(retry.textContent).toContain("one more try");
    click("read-again");
    await until("next");
    key("ArrowRight");
    click("next");
    await pass(20);
    choose(1, 1);
    await until("end-screened_out");
  });

  it("moves the focus to each screen's heading", async () => {
    open();
    await until("consent-agree");
    expect(document.activeElement?.textContent).toBe("Taking part");
    click("consent-agree");
    await until("next");
    expect(document.activeElement?.textContent).toBe("One");
    expect(document.title).toBe("Instructions · Demo");
  });

  it("shows how far the participant is", async () => {
    open();
    await toTrials();
    await answer("A", true);
    expect(find("progress").textContent).toBe("1 / 4");
  });

  it("says what is to be said before a trial, and waits", async () => {
    host.noticeAt = 1;
    open();
    await toTrials();
    await answer("A", true);
    await until("notice-continue");
    expect(document.body.textContent).toContain("Rest a little.");
    await pass(60_000);
    expect(maybe("class-A")).toBeNull();
    click("notice-continue");
    await answer("B", true);
    expect(answers()).toHaveLength(2);
  });
});

describe("nothing is lost", () => {
  it("to a reload in the middle of a trial", async () => {
    open();
    await toTrials();
    await answer("A", true);
    await trialReady();
    open();
    await until("start");
    expect(document.body.textContent).toContain("Welcome back");
    click("start");
    await answer("B", true);
    expect(host.at("/sessions")).toHaveLength(1);
    expect([...(session()?.answers.keys() ?? [])]).toEqual([0, 1]);
  });

  it("to a host that is down when the answer is given", async () => {
    open();
    await toTrials();
    for (let i = 0; i < 5; i += 1) host.faults.push({ path: "/response", fault: "503" });
    await trialReady();
    click("class-A");
    await until("banner-network");
    await until("continue");
    expect(maybe("banner-network")).toBeNull();
    expect(session()?.answers.size).toBe(1);
  });

  it("to a reload before the answer arrived: it is shown again and sent as it was", async () => {
    open();
    await toTrials();
    for (let i = 0; i < 50; i += 1) host.faults.push({ path: "/response", fault: "no network" });
    await trialReady();
    click("class-B");
    await pass(2000);
    expect(session()?.answers.size).toBe(0);
    host.faults.length = 0;
    open();
    await until("start");
    click("start");
    const verdict = await until("verdict");
    expect(verdict.textContent).toBe("It is an A");
    expect(answers().map(({ body }) => body.response)).toEqual([{ ranking: ["B"] }]);
    await pass(300);
    click("continue");
    await pass(50);
    expect(sessionStorage.getItem("diptych.outbox.demo")).toBeNull();
  });

  it("to a lost reply and a reload: stored once, and the feedback is shown after all", async () => {
    open();
    await toTrials();
    host.faults.push({ path: "/response", fault: "lost reply" });
    for (let i = 0; i < 50; i += 1) host.faults.push({ path: "/response", fault: "no network" });
    await trialReady();
    click("class-A");
    await pass(2000);
    expect(session()?.answers.size).toBe(1);
    host.faults.length = 0;
    open();
    await until("start");
    expect(document.body.textContent).toContain("right where you stopped");
    click("start");
    expect((await until("verdict")).textContent).toContain("Correct");
    const bodies = answers().map(({ body }) => JSON.stringify(body));
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toBe(bodies[1]);
    await pass(300);
    click("continue");
    await answer("B", true);
    expect([...(session()?.answers.keys() ?? [])]).toEqual([0, 1]);
  });

  it("to a second tab that went on: the page looks up where the session stands", async () => {
    open();
    await toTrials();
    await trialReady();
    // The other tab answers differently.
    const { token } = host.received.at(-1) as { token: string };
    await host.fetch("/api/v1/trials/0/response", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ response: { ranking: ["B"] } }),
    });
    click("class-A");
    await until("start");
    expect(document.body.textContent).toContain("open in another tab");
    click("start");
    await answer("B", true);
    expect(session()?.answers.get(0)?.response).toBe('{"ranking":["B"]}');
    expect([...(session()?.answers.keys() ?? [])]).toEqual([0, 1]);
  });

  it("to a second tab that is always the first, however often", async () => {
    host.labels.push("A", "B", "A", "B");
    open();
    await toTrials();
    const { token } = host.received.at(-1) as { token: string };
    for (let index = 0; index < 7; index += 1) {
      await trialReady();
      await host.fetch(`/api/v1/trials/${index}/response`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}` },
        body: JSON.stringify({ response: { ranking: ["B"] } }),
      });
      click("class-A");
      await until("start");
      click("start");
    }
    await answer("A", false);
    await until("feedback-text");
  });

  it("to a reload while feedback is shown: it is shown again", async () => {
    open();
    await toTrials();
    await trialReady();
    click("class-B");
    const verdict = (await until("verdict")).textContent;
    expect(find("progress").textContent).toBe("1 / 4");
    open();
    await until("start");
    expect(document.body.textContent).toContain("right where you stopped");
    click("start");
    expect((await until("verdict")).textContent).toBe(verdict);
    await pass(300);
    click("continue");
    await pass(50);
    expect(sessionStorage.getItem("diptych.outbox.demo")).toBeNull();
    await answer("B", true);
    expect([...(session()?.answers.keys() ?? [])]).toEqual([0, 1]);
  });

  it("to feedback from the past: where another tab has gone on it is not shown again", async () => {
    open();
    await toTrials();
    await trialReady();
    click("class-B");
    await until("verdict");
    const { token } = host.received.at(-1) as { token: string };
    await host.fetch("/api/v1/trials/1/response", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ response: { ranking: ["B"] } }),
    });
    open();
    await until("start");
    click("start");
    await trialReady();
    expect(find("progress").textContent).toBe("2 / 4");
  });

  it("to a token the host no longer knows: the participant enters anew", async () => {
    open();
    await until("consent-agree");
    host.sessions.clear();
    open();
    await until("consent-agree");
    expect(host.at("/sessions")).toHaveLength(2);
  });

  it("to a host that is down on entry", async () => {
    host.faults.push({ path: "/sessions", fault: "503" }, { path: "/sessions", fault: "503" });
    open();
    await until("consent-agree");
    expect(host.at("/sessions")).toHaveLength(1);
  });

  it("to an image that never comes: the participant can try again", async () => {
    broken.set("/i/2", 6);
    open();
    await toComprehension();
    choose(1, 0);
    await until("retry-images");
    click("retry-images");
    await until("start");
    click("start");
    await answer("A", true);
    const events = answers()[0]?.body.events as Array<{ kind: string; detail: string }>;
    const errors = events.filter(({ kind }) => kind === "image_error");
    expect(errors.map(({ detail }) => detail)).toEqual(Array(5).fill("/i/2"));
  });
});

describe("what is not saved is not said to be", () => {
  it("while the host can't be reached", async () => {
    open();
    await toTrials();
    for (let i = 0; i < 50; i += 1) host.faults.push({ path: "/response", fault: "no network" });
    await trialReady();
    click("class-A");
    await until("banner-network");
    expect(find("progress").textContent).toBe("0 / 4");
    expect(maybe("verdict")?.hidden).toBe(true);
  });

  it("while the host takes its time", async () => {
    open();
    await toTrials();
    await trialReady();
    let let_go: () => void = () => undefined;
    host.hold = new Promise((resolve) => {
      let_go = resolve;
    });
    click("class-A");
    await pass(2900);
    expect(maybe("banner-network")).toBeNull();
    await pass(200);
    expect(find("banner-network").textContent).toContain("Saving your answer");
    expect(find("progress").textContent).toBe("0 / 4");
    let_go();
    await until("verdict");
    expect(maybe("banner-network")).toBeNull();
    expect(find("progress").textContent).toBe("1 / 4");
  });

  it("when the page stops by a fault of its own", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    open();
    await toTrials();
    for (let i = 0; i < 50; i += 1) host.faults.push({ path: "/response", fault: "no network" });
    await trialReady();
    click("class-A");
    await until("banner-network");
    host.study.task = "numerosity";
    host.faults.length = 0;
    open();
    await until("start");
    const kept = JSON.parse(sessionStorage.getItem("diptych.outbox.demo") as string);
    kept.trial.task = "numerosity";
    sessionStorage.setItem("diptych.outbox.demo", JSON.stringify(kept));
    open();
    await until("start");
    click("start");
    const stopped = await until("error-fault");
    expect(stopped.textContent).toContain("not saved yet");
  });
});

describe("a session left for too long", () => {
  it("is said to be over as soon as somebody is back", async () => {
    open();
    await toTrials();
    await answer("A", true);
    await trialReady();
    const before = host.at("/session").length;
    await pass(50 * 60_000);
    expect(host.at("/session")).toHaveLength(before);
    host.timeOut();
    await pass(11 * 60_000);
    const end = await until("end-timed_out");
    expect(end.textContent).toContain("up to 60 minutes");
    expect(end.textContent).toContain("1 earlier answer is saved");
    expect(end.textContent).toContain("lab@example.org");
    expect(end.textContent).not.toContain("too late");
    // Keys of the trial that was there are keys no more.
    key("1");
    await pass(50);
    expect(answers()).toHaveLength(1);
    expect(maybe("end-timed_out")).not.toBeNull();
  });

  it("takes no answer any more, and says that the last is lost", async () => {
    open();
    await toTrials();
    await answer("A", true);
    await trialReady();
    host.timeOut();
    click("class-B");
    const end = await until("end-timed_out");
    expect(end.textContent).toContain("arrived too late");
    expect(session()?.answers.size).toBe(1);
    expect(sessionStorage.getItem("diptych.outbox.demo")).toBeNull();
  });
});

describe("around the trials", () => {
  it("events ride with the answer, with the trial they fell into", async () => {
    open();
    await toTrials();
    await trialReady();
    window.dispatchEvent(new Event("blur"));
    await answer("A", true);
    expect(answers()[0]?.body.events).toMatchObject([
      { kind: "blur", trial_index: 0, detail: null },
      // Nobody has touched anything: what scripts press is no input.
      { kind: "input", trial_index: 0, detail: "moves=0 presses=0 keys=0" },
    ]);
  });

  it("a page that throws in a loop does not make its answer too large", async () => {
    open();
    await toTrials();
    await trialReady();
    for (let i = 0; i < 300; i += 1) {
      window.dispatchEvent(new ErrorEvent("error", { message: String(i) }));
    }
    await answer("A", true);
    expect(answers()[0]?.body.events).toHaveLength(200);
  });

  it("Back is noted and explained, and answers nothing", async () => {
    open();
    await toTrials();
    await trialReady();
    window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    expect(find("banner-back").textContent).toContain("cannot change an answer");
    expect(find("banner-back").textContent).toContain("leave the page");
    await answer("A", true);
    expect(answers()[0]?.body.events).toMatchObject([{ kind: "back" }, { kind: "input" }]);
  });

  it("a window too small covers the page, which goes on as it was", async () => {
    host.study.screen.min_width = 940;
    const width = vi.spyOn(window, "innerWidth", "get").mockReturnValue(1200);
    open();
    await toTrials();
    await trialReady();
    width.mockReturnValue(800);
    window.dispatchEvent(new Event("resize"));
    expect(find("screen-fault").textContent).toContain("940");
    key("1");
    await pass(50);
    expect(answers()).toHaveLength(0);
    width.mockReturnValue(1200);
    window.dispatchEvent(new Event("resize"));
    expect(maybe("screen-fault")).toBeNull();
    key("1");
    await pass(50);
    expect(answers()).toHaveLength(1);
  });
});

describe("pages without a way on", () => {
  it.each([
    [404, "unknown_study", "This study does not exist", "no study at this address"],
    [409, "study_full", "The study is full", "all the participants it needs"],
    [409, "already_took", "You have already taken part", "The host's own words."],
    [403, "not_eligible", "You cannot take part in this study", "The host's own words."],
  ])("%d %s is said politely", async (status, code, title, why) => {
    host.refusal = { status, code, message: "The host's own words." };
    open();
    const page = await until(`error-${code}`);
    expect(page.textContent).toContain(title);
    expect(page.textContent).toContain(why);
  });

  it("a reason with a number in it is said in the words that the host names", async () => {
    const said = { key: "in_use", values: { minutes: 1 } };
    host.refusal = { status: 409, code: "in_use", message: "The host's own words.", said };
    open();
    expect((await until("error-in_use")).textContent).toContain("continue here in 1 minute.");
  });

  it("a link to no study says what to look at", async () => {
    host.refusal = { status: 404, code: "unknown_study", message: "The host's own words." };
    open();
    const page = await until("error-unknown_study");
    expect(page.textContent).toContain("check that the link is complete");
  });

  it("somebody who may be another person says who they are, and goes on", async () => {
    const message = "The host's own words.";
    host.refusal = { status: 409, code: "other_arrival", message };
    open({ workerId: "A1", assignmentId: "2" });
    const asked = await until("claim-screen");
    expect(asked.textContent).toContain("with another submission or in another browser");
    expect(host.at("/sessions").map(({ body }) => body.confirmed)).toEqual([false]);
    host.refusal = null;
    await pass(300);
    click("claim");
    await until("consent-agree");
    expect(host.at("/sessions").map(({ body }) => body.confirmed)).toEqual([false, true]);
  });

  it("at a kiosk the page asks who is there", async () => {
    host.study.next_person = "kiosk";
    open();
    click((await until("consent-agree")).dataset.testid as string);
    await until("next");
    open();
    await until("who-screen");
    await pass(300);
    click("same-person");
    await until("next");
    open();
    await until("who-screen");
    await pass(300);
    click("new-person");
    await until("consent-agree");
    expect(host.sessions.size).toBe(2);
  });

  it("at a kiosk a finished session is nobody's any more", async () => {
    host.study.next_person = "kiosk";
    host.exit = null;
    open();
    await until("consent-agree");
    click("consent-decline");
    expect((await until("next-person")).textContent).toContain("next participant");
    open();
    await until("consent-agree");
    expect(host.sessions.size).toBe(2);
  });

  it("over a plain link somebody else may begin anew, until the page is used", async () => {
    host.study.next_person = "ask";
    open();
    await until("consent-agree");
    expect(maybe("banner-anew")).toBeNull();
    open();
    expect((await until("banner-anew")).textContent).toContain("Not you?");
    find("banner-anew").querySelector("button")?.click();
    open();
    await until("consent-agree");
    expect(host.sessions.size).toBe(2);
    open();
    await until("banner-anew");
    find("consent-agree").dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(maybe("banner-anew")).toBeNull();
  });

  it("a session that is open elsewhere is not offered", async () => {
    host.refusal = { status: 409, code: "in_use", message: "Please continue there." };
    open();
    const screen = await until("error-in_use");
    expect(screen.textContent).toContain("Please continue there.");
    expect(maybe("claim")).toBeNull();
  });

  it("a browser that knows a session of the study shows its token over any link", async () => {
    open({ workerId: "A1", assignmentId: "1" });
    await until("consent-agree");
    open({ workerId: "A1", assignmentId: "2" });
    await until("consent-agree");
    expect(host.at("/sessions").map(({ body }) => body.token)).toEqual([null, "token-1"]);
  });

  it("a preview shows the text and begins nothing", async () => {
    open({ assignmentId: "ASSIGNMENT_ID_NOT_AVAILABLE" });
    await until("preview");
    expect(document.body.textContent).toContain("What it is about.");
    expect(maybe("consent-agree")).toBeNull();
    expect(localStorage).toHaveLength(0);
  });

  it("a task that the bundle does not know is a fault that is said", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    host.study.task = "numerosity";
    open();
    await toTrials();
    await until("error-fault");
    expect(console.error).toHaveBeenCalled();
  });
});

describe("the way out", () => {
  it("to MTurk is a form with the fields that the host gave", async () => {
    host.exit = {
      kind: "form",
      action: "https://www.mturk.com/mturk/externalSubmit",
      fields: { assignmentId: "A1", session: "s<1>" },
    };
    open();
    await until("consent-decline");
    click("consent-decline");
    await until("exit");
    const form = document.querySelector("form") as HTMLFormElement;
    expect(form.method).toBe("post");
    expect(form.action).toBe("https://www.mturk.com/mturk/externalSubmit");
    expect(Object.fromEntries(new FormData(form))).toEqual({ assignmentId: "A1", session: "s<1>" });
    // A double click hands in once; who comes back to the page can try again.
    const handIn = () => form.dispatchEvent(new Event("submit", { cancelable: true }));
    expect([handIn(), handIn()]).toEqual([true, false]);
    await pass(3000);
    expect(handIn()).toBe(true);
  });

  it("may be a code to copy, without an address", async () => {
    host.exit = { kind: "code", code: "C0DE", place: "Connect" };
    open();
    await until("consent-decline");
    click("consent-decline");
    expect((await until("code")).textContent).toBe("C0DE");
    expect(document.body.textContent).toContain("Enter this completion code on Connect");
    expect(maybe("exit")).toBeNull();
  });

  it("to Prolific is gone by itself, after some seconds, and never after it was stopped", async () => {
    const go = vi.spyOn(browser, "go").mockImplementation(() => undefined);
    open();
    await until("consent-decline");
    click("consent-decline");
    await until("exit");
    await pass(50);
    expect(find("returning").textContent).toContain("in 10 seconds");
    expect(find("code").textContent).toBe("X");
    expect(document.body.textContent).not.toContain("close");
    await pass(9100);
    expect(find("returning").textContent).toContain("in 1 second.");
    expect(go).not.toHaveBeenCalled();
    await pass(1000);
    expect(go).toHaveBeenCalledExactlyOnceWith(
      "https://app.prolific.com/submissions/complete?cc=X",
    );
    open();
    await until("stay");
    click("stay");
    await pass(120_000);
    expect(find("returning").textContent).toContain("You stay on this page");
    expect(go).toHaveBeenCalledTimes(1);
  });

  it("of a plain link tells whom to ask, by which reference", async () => {
    host.exit = null;
    open();
    await toTrials();
    await answer("A", true);
    await answer("B", true);
    await answer("A", false);
    await pass(50);
    await answer("B", false);
    await until("feedback-text");
    click("feedback-submit");
    await until("finish");
    click("finish");
    const told = (await until("reference")).textContent;
    expect(told).toContain("session-1");
    expect(told).toContain("lab@example.org");
  });

  it.each([
    ["https://lab.example.org/s/demo?part=2&person=a.b", true],
    [null, false],
  ])("says when the next part is, and where: %s", async (link, personal) => {
    host.exit = null;
    const opens_at = new Date(2026, 4, 3, 14, 30).getTime();
    const calendar = link?.replace("demo?", "demo/calendar.ics?") ?? null;
    host.nextPart = { part: 2, opens_at, closes_at: opens_at + 86_400_000, link, calendar };
    open();
    await toTrials();
    await answer("A", true);
    await answer("A", true);
    await answer("A", false);
    await pass(50);
    await answer("B", false);
    await until("feedback-text");
    click("feedback-submit");
    await until("finish");
    click("finish");
    const told = await until("next-part");
    expect(told.textContent).toContain("part 2 from May 3, 2026");
    expect(told.textContent).toContain("May 4, 2026");
    expect((maybe("open-part") as HTMLAnchorElement | null)?.href ?? null).toBe(link);
    expect(maybe("calendar") !== null).toBe(personal);
  });

  it("is shown as the end of the page where there is none", async () => {
    host.exit = null;
    open();
    await until("consent-decline");
    click("consent-decline");
    const page = await until("end-declined");
    expect(page.textContent).toContain("Bye.");
    expect(maybe("exit")).toBeNull();
  });

  it.each([
    ["https://app.prolific.com/x", true],
    ["/done", true],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["http://", false],
  ])("%s may be followed: %s", (url, expected) => expect(isWebAddress(url)).toBe(expected));
});
