import { describe, expect, it } from "vitest";
import { askedFor, keyboardFor, readNumber } from "../src/numbers";

const whole = { least: 0, most: 5000, step: 1 };
const tenths = { least: -1, most: 2, step: 0.1 };

describe("typed numbers", () => {
  it.each([
    ["17", 17],
    ["  017 ", 17],
    ["+17", 17],
    ["１７", 17],
    ["١٧", 17],
    ["۱۷", 17],
    ["१७", 17],
    ["5000", 5000],
  ])("reads %j as a whole number", (text, number) => {
    expect(readNumber(text, whole)).toBe(number);
  });

  it.each([
    "",
    " ",
    "-",
    "1,000",
    "1.0",
    "1 000",
    "17 dots",
    "0x11",
    "1e3",
    "∞",
    "NaN",
    "5001",
    "-1",
  ])("does not read %j as one", (text) => expect(readNumber(text, whole)).toBeNull());

  it.each([
    ["1.5", 1.5],
    ["1,5", 1.5],
    [".5", 0.5],
    ["−0.3", -0.3],
    ["١٫٥", 1.5],
  ])("reads %j in steps of 0.1", (text, number) => {
    expect(readNumber(text, tenths)).toBeCloseTo(number, 9);
  });

  it.each(["0.05", "2.1", "-1.1", "1.2.3", "1,2,3"])("does not read %j there", (text) =>
    expect(readNumber(text, tenths)).toBeNull(),
  );

  it("says what it asks for, and which keyboard fits", () => {
    expect(askedFor(whole)).toBe("Please enter a whole number from 0 to 5000.");
    expect(askedFor(tenths)).toContain("steps of 0.1");
    expect(keyboardFor(whole)).toBe("numeric");
    expect(keyboardFor({ least: 0, most: 1, step: 0.5 })).toBe("decimal");
    expect(keyboardFor(tenths)).toBe("text");
  });
});
