/** Loads images ahead of the trials, so that no trial waits for the network. */

export interface PreloadOptions {
  /** Called with the number of images loaded so far. */
  onProgress?: (done: number, of: number) => void;
  onError?: (url: string) => void;
  /** At most so many requests at once. */
  concurrency?: number;
  /** Tries of one image before it is given up. */
  tries?: number;
  wait?: (ms: number) => Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Held for the life of the page: an image nobody refers to may be dropped from memory.
const loaded = new Map<string, HTMLImageElement>();
// On their way, for whoever asks for the same while they are.
const coming = new Map<string, Promise<HTMLImageElement>>();

function load(url: string): Promise<HTMLImageElement> {
  const begun = coming.get(url);
  if (begun) return begun;
  const image = new Image();
  const promise = new Promise<HTMLImageElement>((resolve, reject) => {
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("image did not load"));
    image.src = url;
  }).finally(() => coming.delete(url));
  coming.set(url, promise);
  return promise;
}

async function persist(url: string, options: PreloadOptions): Promise<boolean> {
  const { tries = 4, wait = sleep, onError } = options;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    try {
      loaded.set(url, await load(url));
      return true;
    } catch {
      onError?.(url);
      if (attempt < tries) await wait(400 * 2 ** (attempt - 1));
    }
  }
  return false;
}

/**
 * Loads every image of `urls` once, a few at a time, each with some retries.
 * @returns the urls that could not be loaded; empty when all is well.
 */
export async function preload(urls: string[], options: PreloadOptions = {}): Promise<string[]> {
  const all = [...new Set(urls)];
  const queue = all.filter((url) => !loaded.has(url));
  let done = all.length - queue.length;
  const failed: string[] = [];
  options.onProgress?.(done, all.length);
  const worker = async (): Promise<void> => {
    for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
      if (loaded.has(url) || (await persist(url, options))) {
        done += 1;
        options.onProgress?.(done, all.length);
      } else failed.push(url);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 6 }, worker));
  return failed;
}

/** Forgets what was loaded. */
export function forgetImages(): void {
  loaded.clear();
  coming.clear();
}
