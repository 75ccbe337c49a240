import type { Cancel, Clock } from "../../src/lib/clock.ts";

/** As much of real time passes between two turns at most, in milliseconds. */
const MOST_IN_A_TURN = 5;

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/**
 * Real time that runs `factor` times as fast: for what waits seconds between two events on real sockets. It stands still
 * while the process gets no time of the processor: a request that takes long only because the machine is busy does not
 * run into a time limit that is so much shorter here.
 */
export function hastyClock(factor: number): Clock {
  let now = Date.now();
  let seen = performance.now();
  let handle: NodeJS.Timeout | undefined;
  const timers = new Set<Timer>();
  const elapse = (): number => {
    const time = performance.now();
    now += Math.min(time - seen, MOST_IN_A_TURN) * factor;
    seen = time;
    return now;
  };
  const arm = (): void => {
    clearTimeout(handle);
    if (timers.size === 0) return;
    const next = Math.min(...Array.from(timers, ({ at }) => at));
    handle = setTimeout(run, Math.min(Math.max(0, (next - elapse()) / factor), MOST_IN_A_TURN));
  };
  const run = (): void => {
    elapse();
    for (const timer of Array.from(timers).toSorted((left, right) => left.at - right.at)) {
      if (timer.at > now || !timers.has(timer)) continue;
      if (timer.every === undefined) timers.delete(timer);
      else timer.at = now + timer.every;
      timer.callback();
    }
    arm();
  };
  const add = (timer: Timer): Cancel => {
    timers.add(timer);
    arm();
    return () => {
      timers.delete(timer);
      arm();
    };
  };
  return {
    now: () => Math.floor(elapse()),
    after: (milliseconds, callback) => add({ at: elapse() + milliseconds, every: undefined, callback }),
    every: (milliseconds, callback) => add({ at: elapse() + milliseconds, every: milliseconds, callback }),
  };
}
