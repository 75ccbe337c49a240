import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { delay, type Cancel, type Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import {
  helperPids,
  modifiedAt,
  observeContainer,
  readContainerRecord,
  readText,
  writeContainerRecord,
  writeLaunchMark,
  type ContainerRecord,
  type ObservedContainer,
} from "./container-files.ts";
import { failedCommand, readFinished, writeFinished, type Finished } from "./container-end.ts";
import { LogPump } from "./log-pump.ts";
import { identify, signalProcess } from "./process-identity.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { ContainerSpec, ContainerState, RuntimeEvent } from "./runtime.ts";

/** A container whose supervisor died, or which vanished with it, is found by looking this often (all in one look). */
const SWEEP_MILLISECONDS = 2000;
const START_TIMEOUT_MILLISECONDS = 30_000;
/** How long the output pumps may take to carry over what a container wrote last. */
const DRAIN_MILLISECONDS = 2000;

/** How to start a supervisor (supervisor-scripts.ts) for one container. */
export interface Launch {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Arguments that the programs between the supervisor and the command have on their command lines. While the first
   * process has them it is still one of those: what enters its namespaces then would see another root.
   */
  readonly marker: readonly string[];
}

export interface SupervisionOptions {
  /** Holds one directory per container, named by its id. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logMaxBytes?: number;
  /** Whether the kernel (or a watcher) killed it for its memory; asked once, after its exit. */
  readonly oomKilled: (container: ContainerSpec) => boolean;
  /** Kills every process of a container whose first process is `pid`. */
  readonly killAll: (pid: number, supervisorPid: number | undefined) => void;
}

export interface SupervisedContainer {
  readonly directory: string;
  readonly record: ContainerRecord;
  state: ContainerState;
}

interface Entry extends SupervisedContainer {
  pump: LogPump | undefined;
  watcher: FSWatcher | undefined;
  poll: Cancel | undefined;
  settling: Promise<void> | undefined;
  /** Settled and replaced at every change of the container's files that tells more than output. */
  changed: PromiseWithResolvers<void>;
  readonly exitWaiters: Set<() => void>;
  readonly rawListeners: Set<(stream: "stdout" | "stderr", chunk: Buffer) => void>;
}

/**
 * The part that every runtime of supervised processes shares: containers on disk, their states, their logs, their
 * ends. All it knows can be read again from disk by a later engine.
 */
export class ContainerSupervision {
  readonly #options: SupervisionOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #sweep: Cancel | undefined;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Reads what an earlier engine left; ends that nobody saw become events now. */
  async start(): Promise<void> {
    const { directory, clock, logger } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    await Promise.all(readdirSync(directory).map((name) => this.#undoLaunch(join(directory, name))));
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const record = name.endsWith(".gone") ? undefined : readContainerRecord(path);
      if (record === undefined) {
        rmSync(path, { recursive: true, force: true });
        continue;
      }
      try {
        this.#load(path, record);
      } catch (error) {
        logger.error("cannot adopt a container", { id: name, error: errorMessage(error) });
      }
    }
    this.#sweep = clock.every(SWEEP_MILLISECONDS, () => this.#lookAtAll(), { background: true });
    await Promise.all([...this.#entries.values()].map((entry) => entry.settling ?? Promise.resolve()));
  }

  /** Lets go of files and watches; the containers run on. */
  close(): void {
    this.#sweep?.();
    this.#sweep = undefined;
    for (const entry of this.#entries.values()) this.#release(entry);
    this.#entries.clear();
  }

  onEvent(listener: (event: RuntimeEvent) => void): () => void {
    const own = (event: RuntimeEvent): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  list(): SupervisedContainer[] {
    return [...this.#entries.values()];
  }

  /** @throws RuntimeError `ContainerNotFound` */
  get(id: string): SupervisedContainer {
    return this.#entry(id);
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** The shell that waits for a container; it leads a session that the container's processes start in. */
  supervisorPid(id: string): number | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : observeContainer(entry.directory).supervisorPid;
  }

  /** Makes the directory of a container; `prepare` fills it before the container is known. */
  async create(spec: ContainerSpec, prepare: (directory: string) => Promise<void>): Promise<void> {
    if (!/^[\w.-]+$/.test(spec.id) || spec.id.endsWith(".gone")) {
      throw new RuntimeError("CreateContainerError", `"${spec.id}" is no name for a container`);
    }
    if (this.#entries.has(spec.id)) {
      throw new RuntimeError("CreateContainerError", `a container "${spec.id}" exists already`);
    }
    const directory = join(this.#options.directory, spec.id);
    const record = { spec, createdAt: this.#options.clock.now() };
    try {
      mkdirSync(directory, { mode: 0o755 });
      await prepare(directory);
      writeContainerRecord(directory, record);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
    this.#load(directory, record);
  }

  /** Resolves when the command runs. @throws RuntimeError `StartError` with what the set-up said */
  async launch(id: string, launch: Launch): Promise<ContainerState> {
    const entry = this.#entry(id);
    if (entry.state.state !== "created") {
      throw new RuntimeError("StartError", `container "${id}" was started before`);
    }
    writeLaunchMark(entry.directory);
    this.#follow(entry);
    entry.state = { ...entry.state, state: "running" };
    const [program = "", ...args] = launch.command;
    const child = spawn(program, args, { detached: true, stdio: "ignore", env: { ...launch.environment } });
    const ended = Promise.withResolvers<string>();
    child.once("error", (error) => ended.resolve(errorMessage(error)));
    child.once("exit", () => {
      this.#look(entry);
      ended.resolve("its supervisor ended");
    });
    const seen = observeContainer(entry.directory);
    const running = seen.pid !== undefined || (await this.#untilStarted(entry, ended.promise));
    if (!running) throw await this.#startFailure(entry, await ended.promise);
    await this.#untilCommand(entry, launch.marker);
    const observed = observeContainer(entry.directory);
    entry.state = { ...entry.state, ...stateOf(entry.record.spec, observed, entry.state.state) };
    const started: ContainerState = { ...entry.state, state: "running" };
    this.#emit({ type: "started", container: started });
    this.#look(entry);
    return started;
  }

  /** Signals the first process, waits, kills everything. Resolves when the end has been recorded. */
  async stop(id: string, signal: NodeJS.Signals, graceMilliseconds: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.state.state !== "running") {
      await entry?.settling;
      return;
    }
    const observed = observeContainer(entry.directory);
    const ended = this.waitForExit(id);
    if (observed.pid !== undefined && identify(observed.pid) !== undefined && graceMilliseconds > 0) {
      signalProcess(observed.pid, signal);
      const grace = new AbortController();
      const expired = delay(this.#options.clock, graceMilliseconds, grace.signal).catch(() => {});
      await Promise.race([ended, expired]);
      grace.abort();
    }
    if (entry.state.state === "running") this.#killNow(entry);
    await ended;
  }

  /** Resolves when the container has ended and its log is complete. */
  waitForExit(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.state.state !== "running") return entry?.settling ?? Promise.resolve();
    return new Promise((resolve) => entry.exitWaiters.add(resolve));
  }

  /** Forgets a container that does not run, with its files but not its log. */
  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#release(entry);
    this.#entries.delete(id);
    // Renamed first, so that a crash in the middle leaves nothing that looks like a container.
    const gone = `${entry.directory}.gone`;
    renameSync(entry.directory, gone);
    rmSync(gone, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Output from now on. Returns how to stop. */
  onOutput(id: string, listener: (stream: "stdout" | "stderr", chunk: Buffer) => void): () => void {
    const entry = this.#entry(id);
    const own: typeof listener = (stream, chunk) => listener(stream, chunk);
    entry.rawListeners.add(own);
    return () => void entry.rawListeners.delete(own);
  }

  /** Ends the standard input of a container: the last writer goes. */
  closeStdin(id: string): void {
    const entry = this.#entry(id);
    const keeper = Number(readText(join(entry.directory, "stdin.keeper")));
    if (keeper > 0 && commandName(keeper) === "sleep") signalProcess(keeper, "SIGKILL");
  }

  /**
   * An engine that died between the mark and the start of the supervisor has launched nothing: the container is as it
   * was created. A supervisor that comes too late finds the mark gone and ends.
   */
  async #undoLaunch(directory: string): Promise<void> {
    const { clock } = this.#options;
    const mark = join(directory, "launch");
    for (;;) {
      const { state, pid, supervisorPid } = observeContainer(directory);
      if (state !== "unknown" || pid !== undefined || supervisorPid !== undefined) return;
      if (readFinished(directory) !== undefined) return;
      if (clock.now() - (modifiedAt(mark) ?? 0) >= SWEEP_MILLISECONDS) break;
      await delay(clock, 10);
    }
    rmSync(mark, { force: true });
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new RuntimeError("ContainerNotFound", `there is no container "${id}"`);
    return entry;
  }

  #load(directory: string, record: ContainerRecord): void {
    const observed = observeContainer(directory);
    const entry: Entry = {
      directory,
      record,
      state: stateOf(record.spec, observed, observed.state),
      pump: undefined,
      watcher: undefined,
      poll: undefined,
      settling: undefined,
      changed: Promise.withResolvers(),
      exitWaiters: new Set(),
      rawListeners: new Set(),
    };
    this.#entries.set(record.spec.id, entry);
    const finished = readFinished(directory);
    if (finished !== undefined) {
      entry.state = { ...entry.state, ...finished };
    } else if (observed.state !== "created") {
      this.#follow(entry);
      entry.state = { ...entry.state, state: "running" };
      this.#look(entry);
    }
  }

  /** Opens the log and watches the directory: output to copy, `pid` and `exit` to see. */
  #follow(entry: Entry): void {
    const { clock, logger, logMaxBytes } = this.#options;
    entry.pump = new LogPump({
      directory: entry.directory,
      logPath: entry.record.spec.logPath,
      clock,
      logger,
      ...(logMaxBytes === undefined ? {} : { maxBytes: logMaxBytes }),
      onRaw: (stream, chunk) => {
        for (const listener of entry.rawListeners) listener(stream, chunk);
      },
    });
    entry.pump.schedule();
    const poll = (error: unknown): void => {
      logger.warn("cannot watch a container's files, looking every second", { error: errorMessage(error) });
      entry.watcher?.close();
      entry.watcher = undefined;
      entry.poll ??= clock.every(1000, () => this.#onChange(entry, null));
    };
    try {
      entry.watcher = watch(entry.directory, (_event, name) => this.#onChange(entry, name));
      entry.watcher.on("error", poll);
    } catch (error) {
      poll(error);
    }
  }

  #onChange(entry: Entry, name: string | null): void {
    if (name === null || name === "stdout" || name === "stderr") entry.pump?.schedule();
    if (name === null || name === "exit" || name === "pid") {
      const { changed } = entry;
      entry.changed = Promise.withResolvers();
      changed.resolve();
      this.#look(entry);
    }
  }

  #lookAtAll(): void {
    for (const entry of this.#entries.values()) {
      if (entry.state.state === "running" && entry.settling === undefined) this.#look(entry);
    }
  }

  /** Sees whether a running container has ended. */
  #look(entry: Entry): void {
    if (entry.state.state !== "running" || entry.settling !== undefined) return;
    const observed = observeContainer(entry.directory);
    if (observed.state !== "exited" && observed.state !== "unknown") return;
    // Before the supervisor has written its own pid, nothing can be told yet.
    if (observed.state === "unknown" && observed.supervisorPid === undefined && entry.watcher !== undefined) {
      const launchedAt = modifiedAt(join(entry.directory, "launch")) ?? 0;
      if (this.#options.clock.now() - launchedAt < SWEEP_MILLISECONDS) return;
    }
    entry.settling = this.#settle(entry, observed).catch((error: unknown) => {
      this.#options.logger.error("cannot record the end of a container", {
        id: entry.record.spec.id,
        error: errorMessage(error),
      });
    });
  }

  async #settle(entry: Entry, observed: ObservedContainer): Promise<void> {
    const { spec } = entry.record;
    // Without its supervisor the container itself may still run; what is reported as ended must be ended.
    if (observed.state === "unknown" && observed.pid !== undefined) this.#killNow(entry);
    await this.#drain(entry);
    entry.pump?.finish();
    this.#release(entry);
    const startError = observed.setupError ?? failedCommand(entry.directory, observed);
    const finished: Finished = {
      state: observed.state === "exited" ? "exited" : "unknown",
      exitCode: startError === undefined ? (observed.exitCode ?? 137) : 128,
      finishedAt: observed.finishedAt ?? this.#options.clock.now(),
      ...(this.#options.oomKilled(spec) ? { oomKilled: true } : {}),
      ...(startError === undefined ? {} : { startError }),
    };
    writeFinished(entry.directory, finished);
    entry.state = { ...stateOf(spec, observed, finished.state), ...finished };
    const waiters = [...entry.exitWaiters];
    entry.exitWaiters.clear();
    this.#emit({ type: "exited", container: entry.state });
    for (const waiter of waiters) waiter();
  }

  /**
   * Waits until what carries the output over has ended, which it does when everything is there: two `cat`, or script(1)
   * with a terminal. The exit code may be written before.
   */
  async #drain(entry: Entry): Promise<void> {
    const { clock } = this.#options;
    const carriers = entry.record.spec.tty
      ? [observeContainer(entry.directory).supervisorPid ?? 0]
      : (readText(join(entry.directory, "pumps")) ?? "").split(/\s+/).map(Number);
    const until = clock.now() + DRAIN_MILLISECONDS;
    const running = (pid: number): boolean =>
      pid > 0 && identify(pid) !== undefined && ["cat", "script"].includes(commandName(pid) ?? "");
    while (carriers.some(running) && clock.now() < until) await delay(clock, 2);
    for (const pid of helperPids(entry.directory)) {
      if (["cat", "sleep"].includes(commandName(pid) ?? "")) signalProcess(pid, "SIGKILL");
    }
  }

  #killNow(entry: Entry): void {
    const observed = observeContainer(entry.directory);
    if (observed.pid !== undefined && identify(observed.pid) !== undefined) {
      this.#options.killAll(observed.pid, observed.supervisorPid);
    } else if (observed.supervisorPid !== undefined && observed.pid === undefined) {
      // Still being set up: the shell leads a group that holds what is to become the container.
      signalProcess(-observed.supervisorPid, "SIGKILL");
    }
  }

  async #untilStarted(entry: Entry, ended: Promise<unknown>): Promise<boolean> {
    const expiry = new AbortController();
    const expired = delay(this.#options.clock, START_TIMEOUT_MILLISECONDS, expiry.signal).catch(() => {});
    let over = false;
    const end = Promise.race([ended, expired]).then(() => void (over = true));
    for (;;) {
      const { changed } = entry;
      if (over || observeContainer(entry.directory).pid !== undefined) break;
      await Promise.race([changed.promise, end]);
    }
    expiry.abort();
    return observeContainer(entry.directory).pid !== undefined;
  }

  /** Resolves when the first process has become the command. */
  async #untilCommand(entry: Entry, marker: readonly string[]): Promise<void> {
    const { clock } = this.#options;
    const { pid } = observeContainer(entry.directory);
    const text = `${marker.join("\0")}\0`;
    const until = clock.now() + START_TIMEOUT_MILLISECONDS;
    while ((readText(`/proc/${pid ?? 0}/cmdline`) ?? "").includes(text) && clock.now() < until) await delay(clock, 1);
  }

  async #startFailure(entry: Entry, why: string): Promise<RuntimeError> {
    this.#killNow(entry);
    await entry.settling;
    const said = (readText(join(entry.directory, "setup")) ?? "").trim();
    return new RuntimeError("StartError", `container "${entry.record.spec.name}": ${said === "" ? why : said}`);
  }

  #release(entry: Entry): void {
    entry.pump?.close();
    entry.pump = undefined;
    entry.watcher?.close();
    entry.watcher = undefined;
    entry.poll?.();
    entry.poll = undefined;
  }

  #emit(event: RuntimeEvent): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener(event);
      } catch (error) {
        this.#options.logger.error("a listener of container events failed", { error: errorMessage(error) });
      }
    }
  }
}

function stateOf(spec: ContainerSpec, observed: ObservedContainer, state: ContainerState["state"]): ContainerState {
  return {
    id: spec.id,
    sandboxId: spec.sandboxId,
    name: spec.name,
    attempt: spec.attempt,
    state,
    ...(observed.startedAt === undefined ? {} : { startedAt: observed.startedAt }),
    ...(observed.pid === undefined ? {} : { pid: observed.pid }),
  };
}

function commandName(pid: number): string | undefined {
  return readText(`/proc/${pid}/comm`)?.trim();
}
