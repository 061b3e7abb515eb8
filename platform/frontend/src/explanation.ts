import { h, icon } from "./dom";
import { decoded, veiledImage } from "./stimulus";
import { sleep } from "./task";
import type { CategoryLearningExplanation as Explanation } from "./types";
import { say } from "./words";
import "./style/explanation.css";

/** The feedback goes on without images that have not come after so many ms. */
const LONGEST_WAIT_MS = 8000;

/** The trial that is explained. */
export interface Explained {
  /** The screen of the trial. */
  root: HTMLElement;
  /** The picture of the trial. */
  image: HTMLImageElement;
  /** The true class, and the class that was chosen. */
  label: string;
  chosen: string;
}

/**
 * Puts the images that explain a wrong answer beside the picture; resolves when they are visible.
 */
export async function explain(
  explanation: Explanation,
  trial: Explained,
  imageError: (url: string) => void,
): Promise<void> {
  const { kind } = explanation;
  const { root, image } = trial;
  // A gap shows other images in the layout of a contrast.
  root.classList.add("explained", `explained-${kind === "gap" ? "contrast" : kind}`);
  // It may have been visible for a moment only.
  image.classList.remove("veiled");
  const shown = kind === "mask" ? overlay(explanation, image) : sides(explanation, trial);
  const seen = shown.map(async (each) => {
    await decoded(each, imageError);
    each.classList.remove("veiled");
  });
  await Promise.race([Promise.all(seen), sleep(LONGEST_WAIT_MS)]);
}

/** Lays the mask on the picture: what the mask leaves white stays bright. */
function overlay({ images }: Explanation, image: HTMLImageElement): HTMLImageElement[] {
  const masks = images.map((url) => veiledImage(url, ""));
  for (const mask of masks) mask.classList.add("cl-mask");
  image.after(...masks);
  const caption = h("p", { class: "cl-caption", text: say("explanation-mask"), dir: "auto" });
  image.closest(".cl-picture")?.after(caption);
  return masks;
}

/** The chosen class left of the picture, the true one right: as in a choice between two queries. */
function sides(
  { kind, images, other_images }: Explanation,
  { image, label, chosen }: Explained,
): HTMLImageElement[] {
  const picture = image.closest(".cl-picture");
  const own = side("own", kind === "grid" ? say("explanation-grid") : label, images);
  picture?.after(own.element);
  if (other_images.length === 0) return own.images;
  const other = side("other", chosen, other_images);
  picture?.before(other.element);
  return [...other.images, ...own.images];
}

function side(which: "own" | "other", title: string, urls: string[]) {
  const images = urls.map((url, at) =>
    veiledImage(url, say("numbered", { name: title, number: at + 1 })),
  );
  const element = h(
    "div",
    {
      class: `cl-side cl-${which}`,
      testid: `explanation-${which}`,
      role: "group",
      "aria-label": title,
    },
    h(
      "p",
      { class: "cl-side-title" },
      icon(which === "own" ? "check" : "cross"),
      h("span", { text: title, dir: "auto" }),
    ),
    h("div", { class: "cl-grid" }, ...images),
  );
  return { element, images };
}
