/**
 * `npm run bench -- embedded`: the bars of the embedded cluster (test/perf/embedded-bars.ts).
 * `npm run bench -- logs`: a log followed at 50,000 lines a second (test/perf/log-bars.ts).
 * `npm run bench [-- pods]`: the budgets of docs/performance.md, measured on the built program in a pseudo-terminal of
 * 200x50 against a generated API server in a process of its own. Prints a table; never fails a build.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { benchEmbedded } from "../test/perf/embedded-bars.ts";
import { benchLogs } from "../test/perf/log-bars.ts";
import { cpuShare, keyToFrame, median, percentile, residentMegabytes } from "../test/perf/measure.ts";
import { PtyProgram } from "../test/support/program.ts";

if (process.argv[2] === "embedded") {
  await benchEmbedded(Number(process.argv[3] ?? 60));
  process.exit();
}
if (process.argv[2] === "logs") {
  await benchLogs(Number(process.argv[3] ?? 20));
  process.exit();
}

const pods = process.argv[2] ?? "10000";
const folder = mkdtempSync(join(tmpdir(), "kelpie-bench-"));
const kubeconfig = join(folder, "kubeconfig");
const env = { PATH: process.env["PATH"], HOME: folder, KELPIE_HOME: join(folder, "kelpie"), COLORTERM: "truecolor" };
const row = (what: string, value: string, budget: string): void =>
  console.log(`${what.padEnd(52)}${value.padStart(20)}   ${budget}`);
const milliseconds = (value: number): string => `${value.toFixed(value < 20 ? 1 : 0)} ms`;

const server = spawn(
  process.execPath,
  [join(import.meta.dirname, "../test/perf/serve-fake-cluster.ts"), pods, kubeconfig],
  {
    stdio: ["pipe", "pipe", "inherit"],
  },
);
const tell = (line: string): void => void server.stdin.write(`${line}\n`);

function open(more: Readonly<Record<string, string>> = {}): PtyProgram {
  const all = { ...env, ...more };
  return new PtyProgram(["--kubeconfig", kubeconfig, "-A", "-c", "pods"], { env: all, columns: 200, rows: 50 });
}

function allRows(program: PtyProgram): Promise<void> {
  const counts = [`[${pods}]`, `[${Number(pods).toLocaleString("en")}]`];
  return program.waitFor((text) => counts.some((count) => text.includes(count)), 120_000);
}

const stalls = join(folder, "stalls");

/** The longest time since the last call that the program's event loop was held, in milliseconds. */
async function longestStall(program: PtyProgram): Promise<number> {
  rmSync(stalls, { force: true });
  process.kill(program.pid, "SIGUSR2");
  for (let tries = 0; tries < 200 && !existsSync(stalls); tries += 1) await sleep(10);
  return existsSync(stalls) ? Number(readFileSync(stalls, "utf8")) : Number.NaN;
}

/** In a program of its own: the probe costs a little. */
async function benchStalls(): Promise<void> {
  const probe = pathToFileURL(join(import.meta.dirname, "../test/perf/stall-probe.ts")).href;
  const program = open({ NODE_OPTIONS: `--import ${probe}`, KELPIE_STALLS: stalls });
  await program.waitFor(/Running/);
  await longestStall(program);
  await allRows(program);
  await sleep(1500);
  row("longest block while listing", milliseconds(await longestStall(program)), "16 ms");
  for (const key of "jAN/web-1") await press(program, key);
  await sleep(300);
  row("longest block while sorting and filtering", milliseconds(await longestStall(program)), "16 ms");
  program.write("\r:q\r");
  await program.exited;
}

/** Opens, waits for the first frame and the first rows, and stops. */
async function startUp(): Promise<{ readonly frame: number; readonly rows: number }> {
  const started = performance.now();
  const program = open();
  await program.waitFor((text) => text.trim() !== "");
  const frame = performance.now() - started;
  await program.waitFor(/Running/);
  const rows = performance.now() - started;
  program.write(":q\r");
  await program.exited;
  return { frame, rows };
}

async function benchmark(): Promise<void> {
  tell("ready");
  await new Promise((resolve) => server.stdout.once("data", resolve));
  const bare = Array.from({ length: 5 }, () => {
    const started = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - started;
  });
  await startUp();
  const starts = [];
  for (let round = 0; round < 5; round += 1) starts.push(await startUp());
  const first = median(starts.map((each) => each.frame));
  console.log(`${pods} pods, 200x50, ${process.version}, medians of 5 starts\n`);
  row("node -e 0", milliseconds(median(bare)), "");
  row("first frame", `${milliseconds(first)} (${(first / median(bare)).toFixed(1)} x)`, "300 ms, 4 x node -e 0");
  row("first rows", milliseconds(median(starts.map((each) => each.rows))), "1 s");

  const program = open();
  const loading = performance.now();
  await allRows(program);
  row("all rows", milliseconds(performance.now() - loading), "");
  await cpuShare(program.pid, 3000);
  await keys(program);
  row("memory", `${residentMegabytes(program.pid).toFixed(0)} MB`, "180 MB at 10,000 pods");
  row("CPU idle", `${(await cpuShare(program.pid, 10_000)).toFixed(2)} %`, "0.5 %");
  tell("rate 100");
  await cpuShare(program.pid, 1000);
  row("CPU, 100 visible changes a second", `${(await cpuShare(program.pid, 10_000)).toFixed(1)} %`, "8 %");
  tell("rate 0");
  program.write(":q\r");
  await program.exited;
  await benchStalls();
}

/** A key at the pace of auto-repeat, 30 a second. */
async function press(program: PtyProgram, key: string): Promise<number> {
  await sleep(33);
  return keyToFrame(program, key);
}

async function keys(program: PtyProgram): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 150; round += 1) times.push(await press(program, "j"));
  row("key to frame, p50", milliseconds(percentile(times, 50)), "5 ms");
  row("key to frame, p95", milliseconds(percentile(times, 95)), "16 ms");
  program.write("g");
  const sorts: number[] = [];
  for (let round = 0; round < 6; round += 1) sorts.push(await press(program, round % 2 === 0 ? "A" : "N"));
  row("sort, p50", milliseconds(median(sorts)), "16 ms at 50,000");
  await press(program, "/");
  const filters: number[] = [];
  for (const key of "web-1") filters.push(await press(program, key));
  row("filter, p50 a key", milliseconds(median(filters)), "16 ms at 50,000");
  program.write("\r");
  program.write("\u001B");
  await cpuShare(program.pid, 500);
}

try {
  await benchmark();
} finally {
  server.stdin.end();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
