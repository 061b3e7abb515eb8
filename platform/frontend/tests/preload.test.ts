import { beforeEach, describe, expect, it } from "vitest";
import { forgetImages, preload } from "../src/preload";
import { broken, traffic } from "./setup";

const urls = (n: number): string[] => Array.from({ length: n }, (_, i) => `/i/${i}`);
const wait = async (): Promise<void> => undefined;

beforeEach(forgetImages);

describe("preloading", () => {
  it("loads every image once, a few at a time, and tells how far it is", async () => {
    const steps: number[] = [];
    const twice = [...urls(20), ...urls(20)];
    const failed = await preload(twice, { concurrency: 4, onProgress: (done) => steps.push(done) });
    expect(failed).toEqual([]);
    expect(traffic.requests).toBe(20);
    expect(traffic.most).toBe(4);
    expect(steps).toEqual(Array.from({ length: 21 }, (_, i) => i));
  });

  it("does not load again what is loaded", async () => {
    await preload(urls(3));
    const steps: Array<[number, number]> = [];
    await preload(urls(5), { onProgress: (done, of) => steps.push([done, of]) });
    expect(traffic.requests).toBe(5);
    expect(steps[0]).toEqual([3, 5]);
  });

  it("tries a failed image again, and reports each failure", async () => {
    broken.set("/i/1", 2);
    const errors: string[] = [];
    const failed = await preload(urls(3), { wait, onError: (url) => errors.push(url) });
    expect(failed).toEqual([]);
    expect(errors).toEqual(["/i/1", "/i/1"]);
  });

  it("gives an image up after its tries, and loads the others all the same", async () => {
    broken.set("/i/0", 99);
    expect(await preload(urls(4), { wait, tries: 3 })).toEqual(["/i/0"]);
    expect(traffic.requests).toBe(3 + 3);
    broken.clear();
    expect(await preload(urls(4), { wait })).toEqual([]);
  });

  it("of nothing is done at once", async () => {
    expect(await preload([])).toEqual([]);
  });
});
