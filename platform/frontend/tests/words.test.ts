import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FluentResource } from "@fluent/bundle";
import { expect, it } from "vitest";
import { duration, learnWords, say } from "../src/words";
import { wordsIn } from "./setup";

it.each([
  [0.5, "30 seconds"],
  [1, "60 seconds"],
  [45, "45 minutes"],
  [60, "60 minutes"],
  [90, "1.5 hours"],
  [120, "2 hours"],
  [1440, "24 hours"],
])("%d minutes are %s", (minutes, words) => expect(duration(minutes)).toBe(words));

/** Every file of the page's sources but the dashboard's. */
function sources(folder = join(import.meta.dirname, "../src")): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "dashboard" ? [] : sources(path);
    return path.endsWith(".ts") ? [readFileSync(path, "utf-8")] : [];
  });
}

it("every message that the page says is there, and every one that is there is said", () => {
  const code = sources().join("\n");
  const names = new FluentResource(wordsIn("en")).body
    .map(({ id }) => id)
    .filter((id) => !id.startsWith("text-"));
  const said = new Set(
    [...code.matchAll(/say\(\s*"([\w-]+)"/g)].map((found) => found[1] as string),
  );
  expect([...said].filter((name) => !names.includes(name))).toEqual([]);
  // Named by the host or by a state: `screen-consent`, `refused-in_use`.
  const by_parts =
    /^(screen|outcome|refused|why|turn|choice)-|^(enlarge|larger-screen|which-fits|not-started|needs-javascript)$/;
  const written = (name: string): boolean => code.includes(`"${name}"`) || by_parts.test(name);
  expect(names.filter((name) => !written(name) && !/^(positive|negative)-/.test(name))).toEqual([]);
});

it("numbers and plurals go by the language", () => {
  learnWords("de", wordsIn("de"));
  expect(duration(90)).toBe("1,5 Stunden");
  learnWords("ar", wordsIn("ar"), "rtl");
  const minutes = [1, 2, 3, 11, 100].map((number) => say("duration-minutes", { number }));
  expect(new Set(minutes.map((text) => text.replace(/[\d\u2066-\u2069٠-٩]/g, ""))).size).toBe(4);
});
