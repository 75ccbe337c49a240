import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { PtyProgram } from "../support/program.ts";
import { cpuShare, keyToFrame, keyToScreen, median, percentile, residentMegabytes } from "./measure.ts";

const PROBE = pathToFileURL(join(import.meta.dirname, "stall-probe.ts")).href;
/** Between two keys, as the auto-repeat of a keyboard has it. */
const KEY_PAUSE_MILLISECONDS = 33;

/** The budgets of docs/performance.md for a table of so many pods, at rest and while 100 visible rows a second change. */
export async function benchTable(pods: number): Promise<void> {
  const bench = await TableBench.start(pods);
  try {
    await bench.run();
  } finally {
    bench.end();
  }
}

class TableBench {
  readonly #pods: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "kelpie-bench-"));
  readonly #kubeconfig = join(this.#folder, "kubeconfig");
  readonly #stalls = join(this.#folder, "stalls");
  readonly #server: ChildProcess;

  private constructor(pods: number) {
    this.#pods = pods;
    const program = join(import.meta.dirname, "serve-fake-cluster.ts");
    this.#server = spawn(process.execPath, [program, String(pods), this.#kubeconfig], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  }

  static async start(pods: number): Promise<TableBench> {
    const bench = new TableBench(pods);
    await bench.#tell("ready");
    return bench;
  }

  end(): void {
    this.#server.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async run(): Promise<void> {
    process.stdout.write(`\n${this.#pods.toLocaleString("en")} pods, 200x50, ${process.version}, medians\n\n`);
    await this.#starts();
    const program = this.#open();
    const loading = performance.now();
    await this.#allRows(program);
    row("all rows", milliseconds(performance.now() - loading), "");
    await sleep(3000);
    await cursorKeys(program, "");
    await this.#sortAndFilter(program, "");
    row("memory", `${residentMegabytes(program.pid).toFixed(0)} MB`, "180 MB at 10,000 pods");
    // The collector tidies up for some seconds after work.
    await sleep(5000);
    row("CPU idle", `${(await cpuShare(program.pid, 10_000)).toFixed(2)} %`, "0.5 %");
    await this.#events(program);
    await this.#underLoad(program);
    program.write("\u001B:q\r");
    await program.exited;
    await this.#blocks();
  }

  /** Opens, waits for the first frame and the first rows, and stops; a warm-up before. */
  async #starts(): Promise<void> {
    const bare = Array.from({ length: 5 }, () => {
      const started = performance.now();
      spawnSync(process.execPath, ["-e", "0"]);
      return performance.now() - started;
    });
    const frames: number[] = [];
    const rows: number[] = [];
    for (let round = 0; round <= 5; round += 1) {
      const started = performance.now();
      const program = this.#open();
      await program.waitFor((text) => text.trim() !== "");
      if (round > 0) frames.push(performance.now() - started);
      await program.waitFor(/Running/);
      if (round > 0) rows.push(performance.now() - started);
      program.write(":q\r");
      await program.exited;
    }
    const first = median(frames);
    row("node -e 0", milliseconds(median(bare)), "");
    row("first frame", `${milliseconds(first)} (${(first / median(bare)).toFixed(1)} x)`, "300 ms, 4 x node -e 0");
    row("first rows", milliseconds(median(rows)), "1 s");
  }

  async #sortAndFilter(program: PtyProgram, when: string): Promise<void> {
    const sorts: number[] = [];
    const first = (text: string): string | undefined => /^\s*default\s+(\S+)/m.exec(text)?.[1];
    for (let round = 0; round < 20; round += 1) sorts.push(await press(program, round % 2 === 0 ? "A" : "N", first));
    row(`sort, p50 (p95)${when}`, spread(sorts), "16 ms at 50,000");
    for (const key of "/web-") await press(program, key, (text) => text);
    const filters: number[] = [];
    const count = (text: string): string | undefined => /\[[\d,]+\/[\d,]+\]/.exec(text)?.[0];
    for (let round = 0; round < 20; round += 1) {
      filters.push(await press(program, round % 2 === 0 ? "1" : "\u007F", count));
    }
    row(`filter, p50 (p95)${when}`, spread(filters), "16 ms at 50,000");
    program.write("\r");
    await sleep(100);
    program.write("\u001B");
    await sleep(500);
    program.write("g");
    await sleep(100);
  }

  /** From the change of an object in the server to the cell that says so. */
  async #events(program: PtyProgram): Promise<void> {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      await sleep(200);
      const phase = `Changed${round}`;
      const started = performance.now();
      void this.#tell(`phase ${phase}`);
      await program.waitFor((text) => text.includes(phase));
      times.push(performance.now() - started);
    }
    row("watch event to changed cell, p50 (p95)", spread(times), "100 ms");
  }

  async #underLoad(program: PtyProgram): Promise<void> {
    const load = ", 100 changes a second";
    await this.#tell("rate 100");
    await sleep(1000);
    row(`CPU${load}`, `${(await cpuShare(program.pid, 10_000)).toFixed(1)} %`, "8 %");
    await cursorKeys(program, load);
    await this.#sortAndFilter(program, load);
    await this.#tell("rate 0");
  }

  /** In a program of its own: the probe costs a little. */
  async #blocks(): Promise<void> {
    const program = this.#open({ NODE_OPTIONS: `--import ${PROBE}`, KELPIE_STALLS: this.#stalls });
    await program.waitFor(/Running/);
    await this.#longestBlock(program);
    await this.#allRows(program);
    await sleep(1500);
    row("longest block while listing", milliseconds(await this.#longestBlock(program)), "16 ms");
    for (const key of "jAN/web-1") {
      await sleep(100);
      program.write(key);
    }
    await sleep(500);
    row("longest block while sorting and filtering", milliseconds(await this.#longestBlock(program)), "16 ms");
    await this.#tell("rate 100");
    await sleep(5000);
    row("longest block, 100 changes a second", milliseconds(await this.#longestBlock(program)), "16 ms");
    await this.#tell("rate 0");
    program.write("\r\u001B");
    await sleep(200);
    program.write(":q\r");
    await program.exited;
  }

  /** The longest time since the last call that the program's event loop was held, in milliseconds. */
  async #longestBlock(program: PtyProgram): Promise<number> {
    rmSync(this.#stalls, { force: true });
    process.kill(program.pid, "SIGUSR2");
    for (let tries = 0; tries < 200 && !existsSync(this.#stalls); tries += 1) await sleep(10);
    return existsSync(this.#stalls) ? Number(readFileSync(this.#stalls, "utf8")) : Number.NaN;
  }

  #open(more: Readonly<Record<string, string>> = {}): PtyProgram {
    const home = { HOME: this.#folder, KELPIE_HOME: join(this.#folder, "kelpie") };
    const env = { PATH: process.env["PATH"], COLORTERM: "truecolor", ...home, ...more };
    const args = ["--kubeconfig", this.#kubeconfig, "-A", "-c", "pods"];
    return new PtyProgram(args, { env, columns: 200, rows: 50 });
  }

  #allRows(program: PtyProgram): Promise<void> {
    const counts = [`[${this.#pods}]`, `[${this.#pods.toLocaleString("en")}]`];
    return program.waitFor((text) => counts.some((count) => text.includes(count)), 180_000);
  }

  /** One line to the server; resolves with its answer. */
  async #tell(line: string): Promise<void> {
    const { stdin, stdout } = this.#server;
    if (stdin === null || stdout === null) return;
    stdin.write(`${line}\n`);
    await once(stdout, "data");
  }
}

/** Where no frames come by themselves the key's is the next one; else it is known by the row under the cursor. */
async function cursorKeys(program: PtyProgram, when: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 150; round += 1) {
    await sleep(KEY_PAUSE_MILLISECONDS);
    if (when === "") times.push(await keyToFrame(program, "j"));
    else times.push(await keyToScreen(program, round % 2 === 0 ? "j" : "k", () => program.highlightedRow()));
  }
  row(`key to frame, p50 (p95)${when}`, spread(times), "5 ms (16 ms)");
  program.write("g");
  await sleep(300);
}

/** Milliseconds until what `seen` reads from the screen is another than before the key. */
async function press(program: PtyProgram, key: string, seen: (text: string) => string | undefined): Promise<number> {
  await sleep(KEY_PAUSE_MILLISECONDS);
  return keyToScreen(program, key, () => seen(program.text()));
}

function row(what: string, value: string, budget: string): void {
  process.stdout.write(`${what.padEnd(56)}${value.padStart(20)}   ${budget}\n`);
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 20 ? 1 : 0)} ms`;
}

function spread(times: readonly number[]): string {
  return `${milliseconds(median(times))} (${milliseconds(percentile(times, 95))})`;
}
