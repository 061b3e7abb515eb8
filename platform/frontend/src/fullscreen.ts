/** Full screen, where the browser and the page around it allow it. */

export const inFullscreen = (): boolean => document.fullscreenElement !== null;

export const fullscreenAllowed = (): boolean => document.fullscreenEnabled === true;

/** To be called from a click. Refusal is no fault: the study goes on in the window. */
export async function enterFullscreen(): Promise<void> {
  if (inFullscreen() || !fullscreenAllowed()) return;
  try {
    await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  } catch {
    // Refused by the browser or its owner.
  }
}

export async function leaveFullscreen(): Promise<void> {
  if (!inFullscreen()) return;
  try {
    await document.exitFullscreen();
  } catch {
    // Left already.
  }
}
