import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PtyProgram } from "../support/program.ts";
import { cpuMilliseconds, cpuShare, keyToFrame, percentile, residentMegabytes } from "./measure.ts";

const LINES_PER_SECOND = 50_000;
const KEYS = 90;

const LONG_LOG = 1_000_000;

/** The fake server of one pod, and the built program on its list of pods, in a pseudo-terminal of 200x50. */
class LogBench {
  readonly #folder = mkdtempSync(join(tmpdir(), "kelpie-bench-logs-"));
  readonly #kubeconfig = join(this.#folder, "kubeconfig");
  readonly #server = spawn(process.execPath, [join(import.meta.dirname, "serve-log-storm.ts"), this.#kubeconfig], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  #program: PtyProgram | undefined;

  /** @returns what the server prints */
  ask(line: string): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      this.#server.stdout.once("data", (data: Buffer) => resolve(data.toString()));
    });
    this.tell(line);
    return answer;
  }

  tell(line: string): void {
    this.#server.stdin.write(`${line}\n`);
  }

  async open(): Promise<PtyProgram> {
    const env = {
      PATH: process.env["PATH"],
      HOME: this.#folder,
      KELPIE_HOME: join(this.#folder, "kelpie"),
      COLORTERM: "truecolor",
    };
    const program = new PtyProgram(["--kubeconfig", this.#kubeconfig, "-A", "-c", "pods"], {
      env,
      columns: 200,
      rows: 50,
    });
    this.#program = program;
    await program.waitFor(/Running/);
    return program;
  }

  /** Opens a log that is written to, and waits until it is full: at most so many milliseconds. */
  async follow(linesPerSecond: number, milliseconds: number): Promise<PtyProgram> {
    const program = await this.open();
    program.write("l");
    await program.waitFor(/following/);
    // What is written before the stream is open is not sent to it.
    await sleep(500);
    this.tell(`rate ${linesPerSecond}`);
    await program.waitFor(/oldest dropped/, milliseconds);
    return program;
  }

  close(): void {
    this.#program?.kill("SIGKILL");
    this.#server.stdin.end();
    this.#server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function row(what: string, value: string, budget = ""): void {
  process.stdout.write(`${what.padEnd(52)}${value.padStart(20)}   ${budget}\n`);
}

/** A log followed at 50,000 lines a second, and one of a million lines. */
export async function benchLogs(seconds: number): Promise<void> {
  for (const part of [(bench: LogBench) => benchStorm(bench, seconds), benchLongLog]) {
    const bench = new LogBench();
    try {
      await bench.ask("ready");
      await part(bench);
    } finally {
      bench.close();
    }
  }
}

/**
 * A log followed for many minutes by somebody who uses it: each minute it is filtered, searched, scrolled, wrapped, and a
 * record of it is opened. Prints the memory after each minute, and in the end whether a line was lost.
 */
export async function benchLogMinutes(minutes: number, linesPerSecond: number): Promise<void> {
  const bench = new LogBench();
  try {
    await bench.ask("ready");
    const program = await bench.follow(linesPerSecond, 600_000);
    row("memory when full", `${residentMegabytes(program.pid).toFixed(0)} MB`);
    for (let minute = 1; minute <= minutes; minute += 1) {
      const end = performance.now() + 60_000;
      for (const [keys, shown] of USE) {
        program.write(keys);
        await program.waitFor(shown, 120_000);
        await sleep(1000);
      }
      await sleep(Math.max(0, end - performance.now()));
      const lines = counted(program.lines().join("\n"));
      row(`memory after ${minute} min, ${lines} lines`, `${residentMegabytes(program.pid).toFixed(0)} MB`);
    }
    await reportLost(bench, program);
  } finally {
    bench.close();
  }
}

const ESCAPE = "\u001B";
/** Keys, and what is on the screen after them. Together they leave the log as it was. */
const USE: ReadonlyArray<readonly [string, (text: string) => boolean]> = [
  ["&\u0015level>=error\r", (text) => text.includes("& level>=error ")],
  ["k", (text) => text.includes("paused")],
  [ESCAPE, (text) => !text.includes("& level>=error ")],
  ["/n=99\r", (text) => text.includes("/n=99 ")],
  ["n", (text) => text.includes("/n=99 ")],
  [ESCAPE, (text) => !text.includes("/n=99 ")],
  ["w", (text) => text.includes("─ wrap ─")],
  ["w", (text) => !text.includes("─ wrap ─")],
  ["v\r", (text) => text.includes("As it was written")],
  [ESCAPE, (text) => text.includes("logs(")],
  ["v", (text) => text.includes("paused")],
  ["s", (text) => text.includes("following")],
  ["&\u0015~served +2\r", (text) => text.includes("& ~served +2 ")],
  [ESCAPE, (text) => !text.includes("& ~served +2 ")],
];

async function benchStorm(bench: LogBench, seconds: number): Promise<void> {
  const program = await bench.follow(LINES_PER_SECOND, 120_000);
  const share = await cpuShare(program.pid, 5000);
  const first = residentMegabytes(program.pid);
  row("CPU, following", `${share.toFixed(0)} % of a core`);
  row("key to frame, following, p50, p95", milliseconds(await pressMany(program, ["k", "j"])), "5, 16 ms");
  row("CPU for each key", `${(await cpuOfKeys(program, ["k", "j"])).toFixed(1)} ms`);
  program.write("&level>=error\r");
  await program.waitFor(/& level>=error ─/, 60_000);
  row("key to frame, filtered by level, p50, p95", milliseconds(await pressMany(program, ["k", "j"])), "5, 16 ms");
  row("CPU, filtered by level", `${(await cpuShare(program.pid, 3000)).toFixed(0)} % of a core`);
  program.write("\u001B");
  const memory = [first];
  for (let third = 0; third < 3; third += 1) {
    await sleep((seconds * 1000) / 3);
    memory.push(residentMegabytes(program.pid));
  }
  const shown = memory.map((megabytes) => megabytes.toFixed(0)).join(", ");
  row(`memory when full, and thrice in ${seconds} s`, `${shown} MB`, "flat");
  await reportLost(bench, program);
}

/** Ends the writing and the program, and compares what was written with what the title counts. */
async function reportLost(bench: LogBench, program: PtyProgram): Promise<void> {
  const written = Number(/written (\d+)/.exec(await bench.ask("rate 0"))?.[1]);
  const kept = await settled(program);
  row("lines written", String(written));
  row("lines held and counted as dropped", String(kept), kept === written ? "none lost" : "LOST");
  program.write(":q\r");
  await program.exited;
}

async function benchLongLog(bench: LogBench): Promise<void> {
  await bench.ask(`fill ${LONG_LOG}`);
  const program = await bench.open();
  const until = async (keys: string, shown: RegExp | ((text: string) => boolean)): Promise<string> => {
    const started = performance.now();
    program.write(keys);
    await program.waitFor(shown, 120_000);
    return `${(performance.now() - started).toFixed(0)} ms`;
  };
  row(`end of a log of ${LONG_LOG} lines`, await until("l", /request served n=999999/), "at once");
  program.write("g");
  row("older lines of it", await until("k", /logs.*\[3000\]/));
  row("memory", `${residentMegabytes(program.pid).toFixed(0)} MB`);
  row("all of it, from the beginning", await until("1", (text) => counted(text) === LONG_LOG));
  row("a search over all that is held", await until("/n=9999\r", /\/n=9999 \d+\/\d+ ─/));
  row("a filter by level over all that is held", await until("\u001B&level>=error\r", /& level>=error ─/));
  program.write(":q\r");
  await program.exited;
}

/** Processor milliseconds that a key costs beside what goes on without keys. */
async function cpuOfKeys(program: PtyProgram, keys: readonly string[]): Promise<number> {
  const share = await cpuShare(program.pid, 4000);
  const before = cpuMilliseconds(program.pid);
  const started = performance.now();
  for (let round = 0; round < KEYS; round += 1) {
    program.write(keys[round % keys.length] ?? "");
    await sleep(33);
  }
  const passed = performance.now() - started;
  return (cpuMilliseconds(program.pid) - before - (passed * share) / 100) / KEYS;
}

/** Lines that the title says are held or were dropped. */
function counted(text: string): number {
  const title = text.split("\n").find((line) => line.startsWith("──")) ?? "";
  return Number(/\[(\d+)\]/.exec(title)?.[1]) + Number(/(\d+) oldest dropped/.exec(title)?.[1] ?? 0);
}

/** How many lines there are once that has not changed for a second. */
async function settled(program: PtyProgram): Promise<number> {
  for (let before = Number.NaN; ;) {
    const now = counted(program.lines().join("\n"));
    if (now === before) return now;
    before = now;
    await sleep(1000);
  }
}

async function pressMany(program: PtyProgram, keys: readonly string[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    await sleep(33);
    times.push(await keyToFrame(program, keys[round % keys.length] ?? ""));
  }
  return times;
}

function milliseconds(times: readonly number[]): string {
  return `${percentile(times, 50).toFixed(1)}, ${percentile(times, 95).toFixed(1)} ms`;
}
