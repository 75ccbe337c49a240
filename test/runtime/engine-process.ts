import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { asString, isRecord } from "../../src/lib/kube/object.ts";
import type { ContainerSpec, ContainerState, SandboxState } from "../../src/embedded/runtimes/runtime.ts";

const PROGRAM = fileURLToPath(new URL("engine-program.ts", import.meta.url));
/** A user without any rights, for whom this machine has no account. */
const PLAIN_USER = 2001;

/** Who runs the engine. */
export type Who = "root" | "a plain user";

/** Why an engine cannot be run as somebody here; `undefined`: it can. */
export function whyNot(who: Who, runtime = "namespaces"): string | undefined {
  if (process.platform !== "linux") return "these runtimes are for Linux";
  if (who === "root" && process.getuid?.() !== 0) return "these tests do not run as root";
  const directory = makeDirectory(who);
  try {
    const [program = "", ...args] = as(who, [process.execPath, PROGRAM, directory, runtime]);
    const { status, stderr } = spawnSync(program, args, { input: "", encoding: "utf8" });
    return status === 0
      ? undefined
      : (stderr
          .trim()
          .split("\n")
          .find((line) => line.includes("Error")) ?? "it does not start");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function as(who: Who, command: readonly string[]): string[] {
  if (who === "root" || process.getuid?.() !== 0) return [...command];
  return ["setpriv", `--reuid=${PLAIN_USER}`, `--regid=${PLAIN_USER}`, "--clear-groups", ...command];
}

export function makeDirectory(who: Who): string {
  const directory = mkdtempSync(join(tmpdir(), "kelpie-runtime-"));
  if (who === "a plain user" && process.getuid?.() === 0) chownSync(directory, PLAIN_USER, PLAIN_USER);
  return directory;
}

export class EngineError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One engine in a process of its own (engine-program.ts). */
export class EngineProcess {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #ended: Promise<void>;
  #last = 0;
  #said = "";

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
    if (child.stdout === null) throw new Error("no output");
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    void this.#ended.then(() => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error(`the engine ended: ${this.#said}`));
    });
  }

  /** Starts an engine on a directory, and its runtime. */
  static async open(who: Who, directory: string, runtime = "namespaces"): Promise<EngineProcess> {
    const [program = "", ...args] = as(who, [process.execPath, PROGRAM, directory, runtime]);
    const engine = new EngineProcess(directory, spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] }));
    await new Promise((resolve, reject) => engine.#waiting.set(0, { resolve, reject }));
    await engine.call("start");
    return engine;
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.stdin?.write(`${JSON.stringify({ id, method, args })}\n`);
    return answer;
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends everything that it runs, then itself, and removes its directory. */
  async dispose(): Promise<void> {
    await this.call("destroy");
    this.#child.stdin?.end();
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true });
  }

  async pod(id: string, more: Readonly<Record<string, unknown>> = {}): Promise<SandboxState> {
    const spec = {
      id,
      namespace: "default",
      podName: id,
      hostname: id,
      hostNetwork: false,
      dns: {
        nameservers: ["10.96.0.10"],
        searches: ["default.svc.cluster.local", "svc.cluster.local"],
        options: ["ndots:5"],
      },
      hostAliases: [],
      limits: {},
      ...more,
    };
    return (await this.call("createSandbox", spec)) as SandboxState;
  }

  /** Creates and starts a container in a pod that exists. */
  async run(
    sandboxId: string,
    id: string,
    command: readonly string[],
    more: Partial<ContainerSpec> = {},
  ): Promise<ContainerState> {
    const spec: ContainerSpec = {
      id,
      sandboxId,
      name: id,
      attempt: 0,
      image: "localhost/host",
      command,
      env: [],
      workingDir: "/",
      mounts: [],
      tty: false,
      stdin: false,
      readOnlyRootFilesystem: false,
      capabilities: { add: [], drop: [] },
      privileged: false,
      resources: {},
      logPath: this.logPath(id),
      ...more,
    };
    await this.call("create", spec);
    return (await this.call("startContainer", id)) as ContainerState;
  }

  /** Runs a shell command to its end. */
  async shell(
    sandboxId: string,
    id: string,
    script: string,
    more: Partial<ContainerSpec> = {},
  ): Promise<ContainerState> {
    await this.run(sandboxId, id, ["sh", "-c", script], more);
    return this.exited(id);
  }

  async exited(id: string): Promise<ContainerState> {
    return (await this.call("exited", id)) as ContainerState;
  }

  async exec(
    id: string,
    command: readonly string[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const spec = { command, tty: false, stdin: false, ...more };
    return (await this.call("exec", id, spec)) as { code: number; stdout: string; stderr: string };
  }

  async containers(): Promise<readonly ContainerState[]> {
    return ((await this.call("list")) as { containers: ContainerState[] }).containers;
  }

  logPath(id: string): string {
    return join(this.directory, "pods", "logs", `${id}.log`);
  }

  /** The lines of a container's log without time and stream; pieces are joined. */
  lines(id: string): string[] {
    if (!existsSync(this.logPath(id))) return [];
    const entries = readFileSync(this.logPath(id), "utf8").split("\n").slice(0, -1);
    let text = "";
    for (const entry of entries) {
      const [, , tag] = entry.split(" ", 3);
      const at = entry.indexOf(` ${tag ?? ""} `);
      text += `${entry.slice(at + 3)}${tag === "F" ? "\n" : ""}`;
    }
    return text.split("\n").filter((line) => line !== "");
  }

  #onLine(line: string): void {
    const reply: unknown = JSON.parse(line);
    if (!isRecord(reply) || typeof reply["id"] !== "number") return;
    const waiting = this.#waiting.get(reply["id"]);
    this.#waiting.delete(reply["id"]);
    if (reply["error"] === undefined) waiting?.resolve(reply["result"]);
    else waiting?.reject(new EngineError(asString(reply["reason"]), asString(reply["error"])));
  }
}
