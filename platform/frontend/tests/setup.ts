/** What jsdom leaves out of a browser and the page needs: images that load, and scrolling. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach } from "vitest";
import { learnWords } from "../src/words";

/** Source of the words of a language. */
export const wordsIn = (language: string): string =>
  readFileSync(`${import.meta.dirname}/../../diptych/words/${language}.ftl`, "utf-8");

/** Urls that fail, with how many more times they do. */
export const broken = new Map<string, number>();
/** How many image requests are under way, and the most there ever were. */
export const traffic = { now: 0, most: 0, requests: 0 };

function fails(url: string): boolean {
  const left = broken.get(url) ?? 0;
  if (left > 0) broken.set(url, left - 1);
  return left > 0;
}

Object.defineProperty(HTMLImageElement.prototype, "src", {
  configurable: true,
  get(this: HTMLImageElement) {
    return this.getAttribute("src") ?? "";
  },
  set(this: HTMLImageElement, url: string) {
    this.setAttribute("src", url);
    traffic.now += 1;
    traffic.requests += 1;
    traffic.most = Math.max(traffic.most, traffic.now);
    setTimeout(() => {
      traffic.now -= 1;
      this.dispatchEvent(new Event(fails(url) ? "error" : "load"));
    }, 5);
  },
});

Object.defineProperty(HTMLImageElement.prototype, "decode", {
  configurable: true,
  value(this: HTMLImageElement): Promise<void> {
    const url = this.getAttribute("src") ?? "";
    return fails(url) ? Promise.reject(new Error("decode")) : Promise.resolve();
  },
});

window.scrollTo = () => undefined;

beforeEach(() => {
  learnWords("en", wordsIn("en"));
  broken.clear();
  Object.assign(traffic, { now: 0, most: 0, requests: 0 });
  localStorage.clear();
  sessionStorage.clear();
});

afterEach(() => {
  document.body.replaceChildren();
});
