/** 1/f noise: amplitude falls with spatial frequency as in photographs (Field 1987). */

/** Pixels along a side of the noise; a power of two. */
export const NOISE_SIZE = 256;
/** Standard deviation of the grey values, as a share of their range. */
const CONTRAST = 0.22;

/** Numbers in [0, 1) from a seed: mulberry32. The same seed gives the same numbers everywhere. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Grey values in [0, 1] of a square of 1/f noise, row by row; their mean is 0.5.
 * @param seed of the noise.
 * @param size pixels along a side, a power of two.
 */
export function noise(seed: number, size = NOISE_SIZE): Float64Array {
  const draw = numbersFrom(seed);
  const real = new Float64Array(size * size);
  const imaginary = new Float64Array(size * size);
  const frequency = (at: number): number => Math.min(at, size - at);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const phase = 2 * Math.PI * draw();
      const f = Math.hypot(frequency(x), frequency(y));
      if (f === 0) continue;
      real[y * size + x] = Math.cos(phase) / f;
      imaginary[y * size + x] = Math.sin(phase) / f;
    }
  }
  for (let line = 0; line < size; line += 1) transform(real, imaginary, line * size, 1, size);
  for (let line = 0; line < size; line += 1) transform(real, imaginary, line, size, size);
  const square = real.reduce((sum, value) => sum + value * value, 0);
  const scale = CONTRAST / Math.sqrt(square / real.length);
  return real.map((value) => Math.min(1, Math.max(0, 0.5 + scale * value)));
}

/**
 * The Fourier sum of one line, in place: `size` numbers from `start` on, `step` apart. Radix 2
 * (Cooley and Tukey 1965).
 */
export function transform(
  real: Float64Array,
  imaginary: Float64Array,
  start: number,
  step: number,
  size: number,
): void {
  const at = (index: number): number => start + index * step;
  const get = (values: Float64Array, index: number): number => values[at(index)] as number;
  const swap = (values: Float64Array, i: number, j: number): void => {
    const kept = get(values, i);
    values[at(i)] = get(values, j);
    values[at(j)] = kept;
  };
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      swap(real, i, j);
      swap(imaginary, i, j);
    }
  }
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    for (let offset = 0; offset < half; offset += 1) {
      const cosine = Math.cos((2 * Math.PI * offset) / length);
      const sine = Math.sin((2 * Math.PI * offset) / length);
      for (let low = offset; low < size; low += length) {
        const high = low + half;
        const re = get(real, high) * cosine - get(imaginary, high) * sine;
        const im = get(real, high) * sine + get(imaginary, high) * cosine;
        real[at(high)] = get(real, low) - re;
        imaginary[at(high)] = get(imaginary, low) - im;
        real[at(low)] = get(real, low) + re;
        imaginary[at(low)] = get(imaginary, low) + im;
      }
    }
  }
}

/** Draws the noise of a seed on a canvas of {@link NOISE_SIZE}. */
export function drawNoise(canvas: HTMLCanvasElement, seed: number): void {
  canvas.width = NOISE_SIZE;
  canvas.height = NOISE_SIZE;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(NOISE_SIZE, NOISE_SIZE);
  noise(seed).forEach((value, at) => {
    picture.data.fill(Math.round(255 * value), 4 * at, 4 * at + 3);
    picture.data[4 * at + 3] = 255;
  });
  context.putImageData(picture, 0, 0);
}
