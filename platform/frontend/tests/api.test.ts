import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, backoff, Client, retryAfter, type Trouble } from "../src/api";

type Handler = (request: IncomingMessage, body: string, reply: ServerResponse) => void;

let server: Server | undefined;

/** A real server on this machine: the client's requests go over the wire. */
async function serve(handler: Handler): Promise<string> {
  server = createServer((request, reply) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => handler(request, body, reply));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
}

function json(reply: ServerResponse, status: number, value: unknown, headers = {}): void {
  reply.writeHead(status, { "Content-Type": "application/json", ...headers });
  reply.end(JSON.stringify(value));
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  vi.useRealTimers();
});

describe("the client", () => {
  it("sends the very same bytes again until the host answers", async () => {
    const bodies: string[] = [];
    const base = await serve((_request, body, reply) => {
      bodies.push(body);
      if (bodies.length < 3) json(reply, 503, { error: { code: "busy", message: "" } });
      else json(reply, 200, { feedback: null });
    });
    const troubles: Trouble[] = [];
    const recovered = vi.fn();
    const client = new Client({
      base,
      random: () => 0,
      onTrouble: (trouble) => troubles.push(trouble),
      onRecovered: recovered,
    });
    const reply = await client.post("/trials/0/response", { response: { ranking: ["A"] } });
    expect(reply).toEqual({ feedback: null });
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies)).toEqual(new Set(['{"response":{"ranking":["A"]}}']));
    expect(troubles.map((trouble) => trouble.failures)).toEqual([1, 2]);
    expect(recovered).toHaveBeenCalledTimes(1);
  });

  it("goes on when the host drops the connection without an answer", async () => {
    let requests = 0;
    const base = await serve((request, _body, reply) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else json(reply, 200, { ok: true });
    });
    const client = new Client({ base, random: () => 0 });
    await expect(client.get("/session")).resolves.toEqual({ ok: true });
  });

  it("does not repeat what the host refused, and says which field", async () => {
    let requests = 0;
    const base = await serve((_request, _body, reply) => {
      requests += 1;
      const fields = { "timing.rt_ms": "must not be negative" };
      json(reply, 422, { error: { code: "invalid", message: "no", fields } });
    });
    const client = new Client({ base });
    const error = await client.post("/trials/0/response", {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 422,
      code: "invalid",
      fields: { "timing.rt_ms": "must not be negative" },
    });
    expect(requests).toBe(1);
  });

  it("names a refusal that is not JSON by its status", async () => {
    const base = await serve((_request, _body, reply) => {
      reply.writeHead(413);
      reply.end("<html>");
    });
    await expect(new Client({ base }).post("/events", {})).rejects.toMatchObject({
      code: "http_413",
    });
  });

  it("shows its token in a header, and sends no cookies to rely on", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const base = await serve((request, _body, reply) => {
      seen.push(request.headers);
      json(reply, 200, {});
    });
    const client = new Client({ base });
    await client.get("/session");
    client.token = "abc";
    await client.get("/session");
    expect(seen.map((headers) => headers.authorization)).toEqual([undefined, "Bearer abc"]);
  });

  it("takes a 204 as an answer without a body", async () => {
    const base = await serve((_request, _body, reply) => {
      reply.writeHead(204);
      reply.end();
    });
    await expect(new Client({ base }).post("/events", { events: [] })).resolves.toBeUndefined();
  });

  it("waits as long as Retry-After asks", async () => {
    vi.useFakeTimers();
    const replies = [
      new Response("", { status: 429, headers: { "Retry-After": "7" } }),
      new Response("{}", { status: 200 }),
    ];
    const fetch = vi.fn(async () => replies.shift() as Response);
    const done = new Client({ fetch, random: () => 0 }).get("/session");
    await vi.advanceTimersByTimeAsync(6_999);
    expect(fetch).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await done;
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it("tries at once when the network is back", async () => {
    vi.useFakeTimers();
    let up = false;
    const fetch = vi.fn(async () => {
      if (!up) throw new TypeError("no network");
      return new Response("{}", { status: 200 });
    });
    const done = new Client({ fetch, random: () => 1 }).get("/session");
    await vi.advanceTimersByTimeAsync(100);
    expect(fetch).toHaveBeenCalledTimes(1);
    up = true;
    window.dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(0);
    await done;
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it("gives up a try that hangs, not the request", async () => {
    vi.useFakeTimers();
    let tries = 0;
    const fetch = vi.fn((_url: unknown, init?: RequestInit) => {
      tries += 1;
      if (tries > 1) return Promise.resolve(new Response("{}", { status: 200 }));
      return new Promise<Response>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    });
    const done = new Client({ fetch, random: () => 0, timeout_ms: 1000 }).get("/session");
    await vi.advanceTimersByTimeAsync(5_000);
    await done;
    expect(tries).toBe(2);
  });
});

describe("back-off", () => {
  it("doubles up to a cap, and is spread between half and all of it", () => {
    for (let failures = 1; failures <= 30; failures += 1) {
      const full = Math.min(15_000, 500 * 2 ** (failures - 1));
      expect(backoff(failures, () => 0)).toBe(full / 2);
      expect(backoff(failures, () => 0.999_999)).toBeCloseTo(full, 0);
    }
  });

  it("is never shorter than Retry-After", () => {
    expect(backoff(1, () => 0, 9_000)).toBe(9_000);
    expect(backoff(10, () => 1, 2_000)).toBe(15_000);
  });

  it.each([
    [null, 0],
    ["", 0],
    ["soon", 0],
    ["-3", 0],
    ["2", 2_000],
    ["0.5", 500],
    ["99999", 120_000],
    ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ])("reads Retry-After %o as %d ms", (header, expected) => {
    expect(retryAfter(header, Date.UTC(2026, 0, 1))).toBe(expected);
  });
});
