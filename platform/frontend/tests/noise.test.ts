import { describe, expect, it } from "vitest";
import { noise, numbersFrom, transform } from "../src/noise";

const SIZE = 64;

/** The power of one line's frequencies, by the definition of the Fourier sum. */
function slowPower(line: number[]): number[] {
  return line.map((_, k) => {
    let [re, im] = [0, 0];
    line.forEach((value, n) => {
      re += value * Math.cos((2 * Math.PI * k * n) / line.length);
      im += value * Math.sin((2 * Math.PI * k * n) / line.length);
    });
    return re * re + im * im;
  });
}

describe("the fast transform", () => {
  it("is the Fourier sum", () => {
    const draw = numbersFrom(1);
    const line = Array.from({ length: 32 }, () => draw() - 0.5);
    // Every third number of a longer array, from the second on: as columns of an image lie in it.
    const real = new Float64Array(100);
    const imaginary = new Float64Array(100);
    line.forEach((value, at) => {
      real[2 + 3 * at] = value;
    });
    transform(real, imaginary, 2, 3, 32);
    slowPower(line).forEach((power, k) => {
      const [re, im] = [real[2 + 3 * k] as number, imaginary[2 + 3 * k] as number];
      expect(re * re + im * im).toBeCloseTo(power, 8);
    });
    expect(real[1]).toBe(0);
    expect(real[3]).toBe(0);
  });
});

describe("the noise", () => {
  it("is the same for a seed, and another for each seed", () => {
    expect(noise(7, SIZE)).toEqual(noise(7, SIZE));
    expect(noise(8, SIZE)).not.toEqual(noise(7, SIZE));
  });

  it("is grey around the middle, within the range, with contrast", () => {
    const values = [...noise(3, SIZE)];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.15);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
  });

  it("has the spectrum of 1/f: the power of a line falls tenfold and more per decade", () => {
    // Averaged over lines and seeds; the mean over lines is the sum over the other dimension, of
    // 1 / (a² + b²): close to 1 / a for a well below the highest frequency.
    const power = new Array<number>(SIZE).fill(0);
    for (let seed = 0; seed < 12; seed += 1) {
      const values = noise(seed, SIZE);
      for (let y = 0; y < SIZE; y += 1) {
        slowPower([...values.slice(y * SIZE, (y + 1) * SIZE)]).forEach((each, k) => {
          power[k] = (power[k] as number) + each;
        });
      }
    }
    const expected = (a: number): number => {
      let sum = 0;
      for (let b = -SIZE / 2; b < SIZE / 2; b += 1) if (a || b) sum += 1 / (a * a + b * b);
      return sum;
    };
    for (const k of [2, 4, 8, 16]) {
      const found = (power[k] as number) / (power[1] as number);
      expect(found / (expected(k) / expected(1))).toBeGreaterThan(0.7);
      expect(found / (expected(k) / expected(1))).toBeLessThan(1.4);
    }
  });
});

describe("numbers from a seed", () => {
  it("are spread evenly", () => {
    const draw = numbersFrom(42);
    const numbers = Array.from({ length: 10_000 }, draw);
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(numbers.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(9990);
  });
});
