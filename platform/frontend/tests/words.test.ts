import { expect, it } from "vitest";
import { duration } from "../src/words";

it.each([
  [0.5, "30 seconds"],
  [1, "60 seconds"],
  [45, "45 minutes"],
  [60, "60 minutes"],
  [90, "1.5 hours"],
  [120, "2 hours"],
  [1440, "24 hours"],
])("%d minutes are %s", (minutes, words) => expect(duration(minutes)).toBe(words));
