import { readFileSync } from "node:fs";
import type { PtyProgram } from "../support/program.ts";

/** End of a synchronized frame: the terminal shows it from here on. */
const FRAME_END = "\u001B[?2026l";
const CLOCK_TICKS_PER_SECOND = 100;

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** Milliseconds from writing `keys` to the end of the frame they cause. */
export function keyToFrame(program: PtyProgram, keys: string): Promise<number> {
  return new Promise((resolve) => {
    const started = performance.now();
    const stop = program.onData((data) => {
      if (!data.includes(FRAME_END)) return;
      stop();
      resolve(performance.now() - started);
    });
    program.write(keys);
  });
}

/**
 * Milliseconds from writing `keys` to the screen on which what `seen` reads is another than before. The emulator's own
 * time is in it.
 */
export async function keyToScreen(program: PtyProgram, keys: string, seen: () => unknown): Promise<number> {
  const before = seen();
  const started = performance.now();
  program.write(keys);
  await program.waitFor(() => seen() !== before);
  return performance.now() - started;
}

/** Milliseconds of processor time (user and system) a process has used. Linux only. */
export function cpuMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND;
}

/** Resident memory in MB (10^6 bytes). Linux only. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
}

/** Share of one core, in percent, a process uses over a time. */
export async function cpuShare(pid: number, milliseconds: number): Promise<number> {
  const before = cpuMilliseconds(pid);
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return ((cpuMilliseconds(pid) - before) / (performance.now() - started)) * 100;
}
