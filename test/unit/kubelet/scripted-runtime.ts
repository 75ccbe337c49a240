import { appendFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { PassThrough, type Duplex } from "node:stream";
import type { Clock } from "../../../src/lib/clock.ts";
import { RuntimeError } from "../../../src/embedded/runtimes/runtime-error.ts";
import type {
  ContainerRuntime,
  ContainerSpec,
  ContainerState,
  ExecSpec,
  ImageInfo,
  ResourceUsage,
  RuntimeEvent,
  RuntimeProbe,
  SandboxSpec,
  SandboxState,
  Session,
} from "../../../src/embedded/runtimes/runtime.ts";

/** A runtime whose containers do what the test says: they run until {@link exit} or a stop ends them. */
export class ScriptedRuntime implements ContainerRuntime {
  readonly name = "process";
  readonly specs = new Map<string, ContainerSpec>();
  readonly states = new Map<string, ContainerState>();
  readonly sandboxes = new Map<string, SandboxState>();
  readonly sandboxSpecs: SandboxSpec[] = [];
  /** In the order of the calls: `start web`, `stop web SIGTERM 30000`. */
  readonly calls: string[] = [];
  /** Containers of these names ignore signals: they end when the grace is shortened to a second, or by `exit`. */
  readonly stubborn = new Set<string>();
  readonly brokenImages = new Set<string>();
  readonly failingStarts = new Set<string>();
  /** Exit code of exec, by first word of the command; a negative one hangs until it is closed. */
  readonly execCodes = new Map<string, number>();
  readonly execs: string[] = [];
  /** Where `dial` connects to, by port; absent ports refuse. */
  readonly ports = new Map<number, number>();
  cpuNanos = 0n;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #execWaiters: Array<{ readonly count: number; readonly resolve: () => void }> = [];
  readonly #emptied: Array<() => void> = [];
  readonly #waiters = new Map<string, Array<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async probe(): Promise<RuntimeProbe> {
    const features = { podAddresses: true, uids: "full", limits: "none", egress: true, isolation: true } as const;
    return { ok: true, features, limitations: [{ reason: "LimitsNotEnforced", message: "No cgroups here." }] };
  }

  async start(): Promise<void> {}
  async detach(): Promise<void> {}
  async destroy(): Promise<void> {}

  async createSandbox(spec: SandboxSpec): Promise<SandboxState> {
    this.sandboxSpecs.push(spec);
    const { id, namespace, podName } = spec;
    const state = { id, namespace, podName, ip: `10.244.0.${this.sandboxes.size + 2}`, createdAt: this.#clock.now() };
    this.sandboxes.set(id, state);
    return state;
  }

  async removeSandbox(id: string): Promise<void> {
    this.calls.push("removeSandbox");
    for (const state of this.states.values()) if (state.sandboxId === id) this.#end(state.id, 137);
    this.sandboxes.delete(id);
    if (this.sandboxes.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Resolves when no sandbox is left. */
  untilEmpty(): Promise<void> {
    return this.sandboxes.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#emptied.push(resolve));
  }

  async create(spec: ContainerSpec): Promise<void> {
    this.specs.set(spec.id, spec);
    const { id, sandboxId, name, attempt } = spec;
    this.states.set(id, { id, sandboxId, name, attempt, state: "created" });
    writeFileSync(spec.logPath, "");
  }

  async startContainer(id: string): Promise<ContainerState> {
    const state = this.#stateOf(id);
    this.calls.push(`start ${state.name}`);
    if (this.failingStarts.has(state.name)) {
      throw new RuntimeError("StartError", `exec: "${state.name}": executable file not found in $PATH`);
    }
    const running: ContainerState = { ...state, state: "running", startedAt: this.#clock.now() };
    this.states.set(id, running);
    this.#emit({ type: "started", container: running });
    return running;
  }

  async stop(id: string, options: { readonly signal: string; readonly graceMilliseconds: number }): Promise<void> {
    const state = this.#stateOf(id);
    this.calls.push(`stop ${state.name} ${options.signal} ${options.graceMilliseconds}`);
    if (state.state !== "running") return;
    if (!this.stubborn.has(state.name)) return this.#end(id, 143);
    if (options.graceMilliseconds <= 1000) return this.#end(id, 137);
    await new Promise<void>((resolve) => {
      this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), resolve]);
    });
  }

  async remove(id: string): Promise<void> {
    this.states.delete(id);
    this.specs.delete(id);
  }

  async list(): Promise<{
    readonly sandboxes: readonly SandboxState[];
    readonly containers: readonly ContainerState[];
  }> {
    return { sandboxes: Array.from(this.sandboxes.values()), containers: Array.from(this.states.values()) };
  }

  onEvent(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stats(id: string): Promise<ResourceUsage | undefined> {
    if (this.#stateOf(id).state !== "running") return undefined;
    return { cpuNanos: this.cpuNanos, workingSetBytes: 5 * 2 ** 20, rssBytes: 4 * 2 ** 20, at: this.#clock.now() };
  }

  async exec(id: string, spec: ExecSpec): Promise<Session> {
    const [program = ""] = spec.command;
    this.execs.push(`${this.#stateOf(id).name}: ${spec.command.join(" ")}`);
    for (const { count, resolve } of this.#execWaiters) if (this.execs.length >= count) resolve();
    const stdout = new PassThrough();
    stdout.end(`ran ${program}\n`);
    const stderr = new PassThrough();
    stderr.end();
    const code = this.execCodes.get(program) ?? 0;
    const exited = code < 0 ? new Promise<number>(() => undefined) : Promise.resolve(code);
    return { stdin: undefined, stdout, stderr, resize() {}, exited, close() {} };
  }

  attach(): Promise<Session> {
    return Promise.reject(new RuntimeError("NotSupported", "nothing to attach to"));
  }

  dial(_sandboxId: string, port: number): Promise<Duplex> {
    const local = this.ports.get(port);
    if (local === undefined) return Promise.reject(new RuntimeError("Refused", `connect ECONNREFUSED ${port}`));
    return new Promise((resolve, reject) => {
      const socket = connect(local, "127.0.0.1", () => resolve(socket));
      socket.on("error", reject);
    });
  }

  async image(reference: string): Promise<ImageInfo> {
    if (this.brokenImages.has(reference)) throw new RuntimeError("ErrImagePull", `no such image: ${reference}`);
    const env = [["PATH", "/usr/bin:/bin"]] as const;
    return { id: `sha256:${reference}`, entrypoint: [], command: ["sh"], env, workingDir: "/", user: "" };
  }

  /** Resolves when so many programs have been run in containers. */
  untilExecs(count: number): Promise<void> {
    if (this.execs.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#execWaiters.push({ count, resolve }));
  }

  /** The newest container of a name, in any pod. */
  find(name: string): ContainerState {
    const found = Array.from(this.states.values())
      .filter((state) => state.name === name)
      .sort((a, b) => a.attempt - b.attempt)
      .at(-1);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  }

  log(name: string, line: string): void {
    const spec = this.specs.get(this.find(name).id);
    if (spec === undefined) throw new Error(`no container ${name}`);
    appendFileSync(spec.logPath, `${new Date(this.#clock.now()).toISOString()} stdout F ${line}\n`);
  }

  exit(name: string, exitCode: number, extra: Partial<ContainerState> = {}): void {
    this.#end(this.find(name).id, exitCode, extra);
  }

  #stateOf(id: string): ContainerState {
    const state = this.states.get(id);
    if (state === undefined) throw new RuntimeError("NotFound", `no container ${id}`);
    return state;
  }

  #end(id: string, exitCode: number, extra: Partial<ContainerState> = {}): void {
    const state = this.#stateOf(id);
    if (state.state !== "running") return;
    const ended: ContainerState = { ...state, state: "exited", exitCode, finishedAt: this.#clock.now(), ...extra };
    this.states.set(id, ended);
    this.#emit({ type: "exited", container: ended });
    for (const resolve of this.#waiters.get(id) ?? []) resolve();
  }

  #emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
