import { firstPaint, type Onset } from "./clock";
import { h } from "./dom";
import type { Timing } from "./types";

/**
 * An image that keeps its place but is not seen until {@link present}. The alternative text names
 * the place on the screen, never what the picture shows.
 */
export function veiledImage(url: string, alt: string): HTMLImageElement {
  return h("img", { class: "stimulus veiled", src: url, alt, draggable: "false" });
}

/** Resolves when an image can be painted at once; tries again until it can. */
export async function decoded(
  image: HTMLImageElement,
  imageError: (url: string) => void,
): Promise<void> {
  const url = image.getAttribute("src") ?? "";
  for (let failures = 0; ; failures += 1) {
    try {
      await image.decode();
      return;
    } catch {
      imageError(url);
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures, 8000)));
      image.src = url;
    }
  }
}

/**
 * Shows all images in one and the same frame, once every one of them is decoded.
 * @param lead_ms blank time before, so that one picture does not turn into the next unnoticed.
 */
export async function present(
  images: HTMLImageElement[],
  imageError: (url: string) => void,
  lead_ms = 0,
): Promise<Onset> {
  const lead = new Promise((resolve) => setTimeout(resolve, lead_ms));
  await Promise.all([lead, ...images.map((image) => decoded(image, imageError))]);
  return firstPaint(() => {
    for (const image of images) image.classList.remove("veiled");
  });
}

/** A box in the window, CSS pixels. */
export type Box = Record<"left" | "top" | "width" | "height", number>;

/** Where a picture is drawn in the window: it keeps its proportions inside its box. */
export function pictureBox(element: HTMLElement): Box {
  const { left, top, width, height } = element.getBoundingClientRect();
  if (!(element instanceof HTMLImageElement)) return { left, top, width, height };
  const { naturalWidth, naturalHeight } = element;
  const scale = Math.min(width / naturalWidth, height / naturalHeight);
  if (!(scale > 0 && Number.isFinite(scale))) return { left, top, width: 0, height: 0 };
  const drawn = { width: naturalWidth * scale, height: naturalHeight * scale };
  return {
    left: left + (width - drawn.width) / 2,
    top: top + (height - drawn.height) / 2,
    ...drawn,
  };
}

/** The size at which a picture is drawn. Empty where the browser lays nothing out. */
export function shownSize(image: HTMLImageElement): Pick<Timing, "shown_width" | "shown_height"> {
  const { width, height } = pictureBox(image);
  if (!(width > 0 && height > 0)) return {};
  const rounded = (size: number): number => Math.round(size * 100) / 100;
  return { shown_width: rounded(width), shown_height: rounded(height) };
}
