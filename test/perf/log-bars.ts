import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PtyProgram } from "../support/program.ts";
import { cpuShare, keyToFrame, percentile, residentMegabytes } from "./measure.ts";

const LINES_PER_SECOND = 50_000;

/** Measures a log followed at 50,000 lines a second by the built program, in a pseudo-terminal of 200x50. */
export async function benchLogs(seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kelpie-bench-logs-"));
  const kubeconfig = join(folder, "kubeconfig");
  const server = spawn(process.execPath, [join(import.meta.dirname, "serve-log-storm.ts"), kubeconfig], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ask = async (line: string): Promise<string> => {
    const answer = new Promise<string>((resolve) => {
      server.stdout.once("data", (data: Buffer) => resolve(data.toString()));
    });
    server.stdin.write(`${line}\n`);
    return answer;
  };
  const row = (what: string, value: string, budget = ""): void =>
    void process.stdout.write(`${what.padEnd(52)}${value.padStart(20)}   ${budget}\n`);
  const env = { PATH: process.env["PATH"], HOME: folder, KELPIE_HOME: join(folder, "kelpie"), COLORTERM: "truecolor" };
  let program: PtyProgram | undefined;
  try {
    await ask("ready");
    program = new PtyProgram(["--kubeconfig", kubeconfig, "-A", "-c", "pods"], { env, columns: 200, rows: 50 });
    await program.waitFor(/Running/);
    program.write("l");
    await program.waitFor(/following/);
    await sleep(500);
    server.stdin.write(`rate ${LINES_PER_SECOND}\n`);
    await program.waitFor(/oldest dropped/, 120_000);
    const share = await cpuShare(program.pid, 5000);
    const first = residentMegabytes(program.pid);
    row("CPU, following", `${share.toFixed(0)} % of a core`);
    const following = await pressMany(program, ["k", "j"]);
    row("key to frame, following, p50, p95", milliseconds(following), "16 ms p95");
    program.write("&level>=error\r");
    await program.waitFor(/& level>=error/);
    const filtered = await pressMany(program, ["k", "j"]);
    row("key to frame, filtered by level, p50, p95", milliseconds(filtered), "16 ms p95");
    row("CPU, filtered by level", `${(await cpuShare(program.pid, 3000)).toFixed(0)} % of a core`);
    program.write("\u001B");
    const memory = [first];
    for (let third = 0; third < 3; third += 1) {
      await sleep((seconds * 1000) / 3);
      memory.push(residentMegabytes(program.pid));
    }
    const shown = memory.map((megabytes) => megabytes.toFixed(0)).join(", ");
    row(`memory when full, and thrice in ${seconds} s`, `${shown} MB`, "flat");
    const written = Number(/written (\d+)/.exec(await ask("rate 0"))?.[1]);
    const [held, dropped] = await settled(program);
    row("lines written", String(written));
    row("lines held and counted as dropped", String(held + dropped), held + dropped === written ? "none lost" : "LOST");
    program.write(":q\r");
    await program.exited;
  } finally {
    program?.kill("SIGKILL");
    server.stdin.end();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the title says once it has not changed for a second. */
async function settled(program: PtyProgram): Promise<readonly [held: number, dropped: number]> {
  let before = "";
  for (;;) {
    const title = program.lines().find((line) => line.startsWith("──")) ?? "";
    if (title === before) {
      const held = Number(/\[(\d+)\]/.exec(title)?.[1]);
      return [held, Number(/(\d+) oldest dropped/.exec(title)?.[1] ?? 0)];
    }
    before = title;
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
