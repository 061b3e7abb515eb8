/**
 * `<form data-upload="address" data-kind="images|zip">`: sends the chosen files in pieces that are
 * smaller than any proxy's limit, shows how far it is and which files are odd, and then goes on:
 * to `data-then` + the upload's name, or by sending the form with the name in `upload`.
 * `[data-drop]` takes files and folders that are dropped.
 */
import { say } from "./voice";

/** Bytes in one request: the host accepts 256 kB. */
export const MOST_BYTES = 180_000;
/** Files in one request. */
export const MOST_PIECES = 40;
/** Hidden files, and what file managers leave in folders. */
const LEFT_OUT = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini|__macosx)(\/|$)/i;
const TRIES = 6;
const NAMED = 20;

export interface Chosen {
  name: string;
  file: Blob;
}

interface Piece {
  number: number;
  name: string;
  at: number;
  size: number;
  data: Blob;
}

interface Odd {
  name: string;
  fault: string;
}

/** What the host has of an upload: bytes by number of the file, and the numbers of whole files. */
export interface There {
  there: Record<number, number>;
  whole: number[];
}

const NOTHING: There = { there: {}, whole: [] };

/** Cuts what the host lacks of files into requests: large files into pieces, small ones together. */
export function* batches(files: Chosen[], { there, whole } = NOTHING): Generator<Piece[]> {
  const done = new Set(whole);
  let batch: Piece[] = [];
  let bytes = 0;
  for (const [number, { name, file }] of files.entries()) {
    if (done.has(number)) continue;
    // The host looks at a file when its last byte arrives.
    let at = Math.min(there[number] ?? 0, Math.max(file.size - 1, 0));
    do {
      if (bytes >= MOST_BYTES || batch.length >= MOST_PIECES) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      const data = file.slice(at, Math.min(at + MOST_BYTES - bytes, file.size));
      batch.push({ number, name, at, size: file.size, data });
      bytes += data.size;
      at += data.size;
    } while (at < file.size);
  }
  if (batch.length) yield batch;
}

export function helpUploads(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-upload]")) {
    if (form.dataset.helped) continue;
    form.dataset.helped = "yes";
    if (form.dataset.kind === "zip") sendsZip(form);
    else sendsImages(form);
  }
}

function sendsZip(form: HTMLFormElement): void {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = form.querySelector<HTMLInputElement>("input[type=file]")?.files?.[0];
    const place = form.querySelector<HTMLInputElement>("input[name=upload]");
    if (!file || !place) return;
    const upload = await send(form, [{ name: file.name, file }]);
    if (upload === null) return;
    place.value = upload;
    form.submit();
  });
}

function sendsImages(form: HTMLFormElement): void {
  const go = async (files: Chosen[]): Promise<void> => {
    if (!files.length) return;
    const upload = await send(form, files);
    if (upload === null) return;
    const label = form.querySelector<HTMLInputElement>("input[name=label]")?.value ?? "";
    location.assign(`${form.dataset.then}${upload}?${new URLSearchParams({ label })}`);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const input of form.querySelectorAll<HTMLInputElement>("input[type=file]")) {
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      void go(files.map((file) => ({ name: file.webkitRelativePath || file.name, file })));
    });
  }
  const drop = form.querySelector<HTMLElement>("[data-drop]");
  drop?.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop?.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop?.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    await go(await dropped(event.dataTransfer));
  });
}

/** Every file that was dropped, also those in folders. */
async function dropped(transfer: DataTransfer | null): Promise<Chosen[]> {
  const entries = [...(transfer?.items ?? [])]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => below(entry)));
  return found.flat();
}

async function below(entry: FileSystemEntry): Promise<Chosen[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) =>
      (entry as FileSystemFileEntry).file(done, failed),
    );
    return [{ name: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: Chosen[] = [];
  // A reader gives some entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) =>
      reader.readEntries(done, failed),
    );
    if (!some.length) return files;
    for (const each of some) files.push(...(await below(each)));
  }
}

/** Sends the files; returns the upload's name, or null when it stopped, with the reason shown. */
async function send(form: HTMLFormElement, chosen: Chosen[]): Promise<string | null> {
  const files = chosen.filter(({ name }) => !LEFT_OUT.test(name));
  const bar = form.querySelector<HTMLProgressElement>("progress");
  const said = form.querySelector<HTMLElement>("[data-upload-said]");
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const controls = [...form.querySelectorAll<HTMLButtonElement>("button")];
  const leaving = (event: BeforeUnloadEvent): void => event.preventDefault();
  const show = (text: string): void => {
    if (said) said.textContent = text;
  };
  for (const control of controls) control.disabled = true;
  window.addEventListener("beforeunload", leaving);
  if (bar) Object.assign(bar, { hidden: false, max: Math.max(total, 1), value: 0 });
  const odd: Odd[] = [];
  try {
    const address = form.dataset.upload ?? "";
    const { upload, odd: before, ...known } = await begin(address, files);
    odd.push(...before);
    nameOdd(form, odd);
    let sent = Object.values(known.there).reduce((sum, bytes) => sum + bytes, 0);
    for (const batch of batches(files, known)) {
      const reply = (await post(`${address}/${upload}`, formOf(batch, form))) as { odd: Odd[] };
      odd.push(...reply.odd);
      nameOdd(form, odd);
      sent += batch.reduce((sum, piece) => sum + piece.data.size, 0);
      if (bar) bar.value = sent;
      const files_ = files.length === 1 ? "1 file" : `${files.length.toLocaleString("en")} files`;
      show(`${megabytes(sent)} of ${megabytes(total)} MB, ${files_}`);
    }
    localStorage.removeItem(KEY);
    show("Everything has arrived.");
    return upload;
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    const next = "Choose the same files again to send the rest.";
    show(`The upload stopped. Nothing was added. ${reason} ${next}`);
    say("The upload stopped.", "bad");
    return null;
  } finally {
    window.removeEventListener("beforeunload", leaving);
    for (const control of controls) control.disabled = false;
  }
}

interface Begun extends There {
  upload: string;
  odd: Odd[];
}

const KEY = "diptych-upload";

/** Goes on with an upload of the same files that stopped, or begins one. */
async function begin(address: string, files: Chosen[]): Promise<Begun> {
  const of = await signature(files);
  const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as { upload?: string; of?: string };
  if (kept.upload && of && kept.of === of) {
    const reply = await fetch(`${address}/${kept.upload}`, { redirect: "error" }).catch(() => null);
    if (reply?.ok) return { upload: kept.upload, ...(await reply.json()) };
  }
  const { upload } = (await post(address, new FormData())) as { upload: string };
  localStorage.setItem(KEY, JSON.stringify({ upload, of }));
  return { upload, odd: [], ...NOTHING };
}

/** What tells the same choice of files again: names, sizes and times. Empty without HTTPS. */
export async function signature(files: Chosen[]): Promise<string> {
  const lines = files.map(({ name, file }) => {
    const changed = file instanceof File ? file.lastModified : 0;
    return `${name}\t${file.size}\t${changed}`;
  });
  if (!crypto.subtle) return "";
  const bytes = new TextEncoder().encode(lines.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function formOf(batch: Piece[], form: HTMLFormElement): FormData {
  const data = new FormData();
  data.set("kind", form.dataset.kind ?? "");
  for (const piece of batch) {
    data.append("number", String(piece.number));
    data.append("name", piece.name);
    data.append("at", String(piece.at));
    data.append("size", String(piece.size));
    data.append("piece", piece.data, "piece");
  }
  return data;
}

function nameOdd(form: HTMLFormElement, odd: Odd[]): void {
  const list = form.querySelector<HTMLElement>("[data-upload-odd]");
  if (!list || !odd.length) return;
  list.hidden = false;
  const lines = odd.slice(0, NAMED).map(({ name, fault }) => `${name} ${fault}.`);
  if (odd.length > NAMED) lines.push(`and ${odd.length - NAMED} more`);
  list.replaceChildren(
    ...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
}

function token(): string {
  const headers = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
  return String(headers["X-CSRF-Token"] ?? "");
}

/** Sends one request; a broken connection and a busy host are tried again, the same piece. */
async function post(address: string, body: FormData): Promise<unknown> {
  const headers = { Accept: "application/json", "X-CSRF-Token": token() };
  for (let trial = 1; ; trial++) {
    let reason: string;
    try {
      const reply = await fetch(address, { method: "POST", body, headers, redirect: "error" });
      if (reply.ok) return await reply.json();
      const told = await reply.json().catch(() => null);
      reason = told?.error?.message ?? `The server answered with an error (${reply.status}).`;
      if (reply.status < 500) throw new Refused(reason);
    } catch (fault) {
      if (fault instanceof Refused) throw fault;
      reason = "The server can't be reached.";
    }
    if (trial === TRIES) throw new Error(reason);
    await new Promise((done) => setTimeout(done, 500 * 2 ** trial));
  }
}

class Refused extends Error {}
