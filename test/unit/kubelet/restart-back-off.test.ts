import { describe, expect, it } from "vitest";
import { formatDelay, RestartBackOff } from "../../../src/embedded/kubelet/restart-back-off.ts";
import { ManualClock } from "./manual-clock.ts";

describe("the restart back-off", () => {
  it("doubles from 10 seconds to 5 minutes", () => {
    const clock = new ManualClock();
    const backOff = new RestartBackOff(clock);
    const delays: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      const failedAt = clock.now();
      delays.push(backOff.remaining("a", failedAt) / 1000);
      clock.advance(backOff.remaining("a", failedAt));
      backOff.next("a", failedAt);
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it("forgets after ten quiet minutes, not sooner", () => {
    const clock = new ManualClock();
    const backOff = new RestartBackOff(clock);
    backOff.next("a", clock.now());
    backOff.next("a", clock.now());
    clock.advance(600_000);
    expect(backOff.remaining("a", clock.now())).toBe(20_000);
    clock.advance(1);
    expect(backOff.remaining("a", clock.now())).toBe(0);
    backOff.next("a", clock.now());
    expect(backOff.current("a")).toBe(10_000);
  });

  it("keeps containers apart", () => {
    const clock = new ManualClock();
    const backOff = new RestartBackOff(clock);
    backOff.next("pod/a", clock.now());
    expect(backOff.remaining("pod/b", clock.now())).toBe(0);
    backOff.forget("pod/");
    expect(backOff.remaining("pod/a", clock.now())).toBe(0);
  });

  it.each([
    [10_000, "10s"],
    [80_000, "1m20s"],
    [300_000, "5m0s"],
  ])("prints %i ms as %s", (milliseconds, text) => {
    expect(formatDelay(milliseconds)).toBe(text);
  });
});
