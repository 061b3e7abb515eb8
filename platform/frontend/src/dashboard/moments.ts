/** `<input type="datetime-local" data-moment>`: shown in the viewer's own zone, sent in UTC. */
const LENGTH = "2030-06-01T09:00".length;
const helped = new WeakSet<Element>();

export function helpMoments(root: ParentNode): void {
  for (const input of root.querySelectorAll<HTMLInputElement>("input[data-moment]")) {
    if (helped.has(input)) continue;
    helped.add(input);
    sendsUtc(input);
  }
}

function sendsUtc(input: HTMLInputElement): void {
  const sent = document.createElement("input");
  sent.type = "hidden";
  sent.name = input.name;
  sent.value = input.value;
  input.removeAttribute("name");
  input.after(sent);
  input.value = toLocal(input.value);
  input.addEventListener("input", () => {
    sent.value = toUtc(input.value);
  });
  const zone = input.closest(".field")?.querySelector("[data-zone]");
  if (zone) zone.textContent = `(${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
}

/** @param utc as such inputs write it, in UTC. */
export function toLocal(utc: string): string {
  const at = new Date(`${utc}Z`);
  if (Number.isNaN(at.getTime())) return "";
  const pad = (number: number): string => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** @param local as such inputs write it, in the viewer's zone. */
export function toUtc(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().slice(0, LENGTH);
}
