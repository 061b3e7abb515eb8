import { describe, expect, it } from "vitest";
import { localTime, showLocalTimes } from "../../src/dashboard/times";

const now = new Date("2026-03-10T12:00:00Z");
const earlier = (ms: number): Date => new Date(now.getTime() - ms);

describe("times in the viewer's zone", () => {
  it("tells how long ago something was in the largest unit that fits", () => {
    expect(localTime(earlier(3_000), "relative", now)).toBe("3 seconds ago");
    expect(localTime(earlier(5 * 60_000), "relative", now)).toBe("5 minutes ago");
    expect(localTime(earlier(7 * 3_600_000), "relative", now)).toBe("7 hours ago");
    expect(localTime(earlier(24 * 3_600_000), "relative", now)).toBe("yesterday");
  });

  it("leaves out the day today, and the time of day in earlier years", () => {
    expect(localTime(earlier(60_000), "", now)).not.toContain("Mar");
    expect(localTime(earlier(10 * 86_400_000), "", now)).toMatch(/Feb/);
    expect(localTime(earlier(400 * 86_400_000), "", now)).toMatch(/2025/);
  });

  it("writes over the UTC that the server wrote, and leaves what it can't read", () => {
    document.body.innerHTML = `
      <time datetime="2026-03-10T12:00:00.000Z" data-local="precise">10 Mar 2026, 12:00 UTC</time>
      <time datetime="nonsense" data-local>as it was</time>
      <time datetime="2026-03-10T12:00:00.000Z">not asked for</time>`;
    showLocalTimes(document);
    const [shown, broken, other] = document.querySelectorAll("time");
    expect(shown?.textContent).toContain("2026");
    expect(shown?.textContent).not.toContain("UTC");
    expect(shown?.title).not.toBe("");
    expect(broken?.textContent).toBe("as it was");
    expect(other?.textContent).toBe("not asked for");
  });
});
