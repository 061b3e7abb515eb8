/**
 * `<iframe data-study="…" data-token="…" data-src="…">`: a frame that goes on with a preview session
 * that has begun. The participant's page finds the token where it would have put it.
 */
import { TokenStore } from "../storage";

export function showDevices(root: ParentNode): void {
  for (const frame of root.querySelectorAll<HTMLIFrameElement>("iframe[data-src]")) {
    const address = new URL(frame.dataset.src ?? "", location.href);
    const entry = Object.fromEntries(address.searchParams);
    new TokenStore(frame.dataset.study ?? "", entry).set(frame.dataset.token ?? "");
    frame.removeAttribute("data-src");
    frame.src = address.href;
  }
}
