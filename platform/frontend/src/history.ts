/**
 * The page's own entries in the browser's history. Each knows how deep it lies, so that a press of
 * Back can be told from one of Forward, and a reload does not add entries again.
 */

interface Place {
  diptych: "guard" | "page";
  /** Which page of the instructions. */
  at?: number;
  depth: number;
}

/** Where in the page's own entries a state of the history lies; 0 is the entry of the link. */
const depthOf = (state: unknown): number =>
  (state as Place | null)?.diptych ? (state as Place).depth : 0;

let here = 0;

function push(place: Omit<Place, "depth">): void {
  here = depthOf(history.state) + 1;
  history.pushState({ ...place, depth: here } satisfies Place, "");
}

/** Makes a page of the instructions one that Back leads away from. */
export const pushPage = (at: number): void => push({ diptych: "page", at });

/** The page of the instructions that a state of the history stands for. */
export function pageOf(state: unknown): number {
  const place = state as Place | null;
  return place?.diptych === "page" ? (place.at ?? 0) : 0;
}

/** Where one press of Back or Forward has led. */
export type Turn = "forward" | "back" | "back to the edge";

/**
 * Puts an entry before the page's own, so that one press of Back throws nobody out; the entry comes
 * back {@link REARM_MS} after such a press, unless the next has left the page.
 * @returns a function that ends it.
 */
export function guard(onTurn: (turn: Turn) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (): void => {
    if (depthOf(history.state) === 0) push({ diptych: "guard" });
  };
  here = depthOf(history.state);
  arm();
  const onPop = (event: PopStateEvent): void => {
    const depth = depthOf(event.state);
    const turn = depth > here ? "forward" : depth === 0 ? "back to the edge" : "back";
    here = depth;
    clearTimeout(timer);
    if (depth === 0) timer = setTimeout(arm, REARM_MS);
    onTurn(turn);
  };
  window.addEventListener("popstate", onPop);
  return () => {
    clearTimeout(timer);
    window.removeEventListener("popstate", onPop);
  };
}

export const REARM_MS = 6000;
