import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../lib/clock.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { attachTo } from "../attach-session.ts";
import { helperPids } from "../container-files.ts";
import { ContainerSupervision } from "../container-supervision.ts";
import { resolveImage } from "../host-image.ts";
import { findTool } from "../host-tools.ts";
import { MemoryWatch } from "../memory-watch.ts";
import { pidsOfSession, pidsOfTree, usageOfProcesses } from "../proc-usage.ts";
import { signalProcess } from "../process-identity.ts";
import { openSession } from "../process-session.ts";
import { TOOL_ENVIRONMENT } from "../run-command.ts";
import { RuntimeError } from "../runtime-error.ts";
import type {
  ContainerRuntime,
  ContainerSpec,
  ContainerState,
  ExecSpec,
  ImageInfo,
  ResourceUsage,
  RuntimeEvent,
  RuntimeLimitation,
  RuntimeProbe,
  SandboxSpec,
  SandboxState,
  Session,
} from "../runtime.ts";
import { SandboxStore, sandboxState } from "../sandbox-store.ts";
import { parseSignal } from "../signal-name.ts";
import { writeSupervisorScripts } from "../supervisor-scripts.ts";
import { processCommand, processEnvironment } from "./process-command.ts";

const KILL = { signal: "SIGKILL", graceMilliseconds: 0 } as const;
const POD_ADDRESSES = 254;
/** Mounted into every pod that does not say otherwise; left out instead of failing all of them. */
const TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

const LIMITATIONS: readonly RuntimeLimitation[] = [
  {
    reason: "NoIsolation",
    message: "Pods are plain processes of this machine: they see and reach everything that the engine's user does.",
  },
  {
    reason: "VolumesNotMounted",
    message: "Volumes cannot be mounted: pods that mount any fail, and service account tokens are left out.",
  },
  {
    reason: "NoServiceAddresses",
    message:
      "Services and names of the cluster do not work in pods; the address of a pod is one of this machine's loopback.",
  },
  { reason: "LimitsNotEnforced", message: "CPU limits have no effect, memory limits are watched, not enforced." },
];

export interface ProcessRuntimeOptions {
  /** The cluster's directory. */
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * The last rung: containers as plain processes, where namespaces are denied. Same supervisor, logs and exit codes, no
 * isolation. Every pod has an address of the machine's loopback (`POD_IP`), which its programs should listen on.
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly name = "process";
  readonly idOffset = undefined;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #supervision: ContainerSupervision;
  readonly #sandboxes: SandboxStore;
  readonly #memoryWatch: MemoryWatch;
  #lastAddress = 1;

  constructor(options: ProcessRuntimeOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#directory = realpathSync(options.directory);
    this.#clock = options.clock;
    this.#memoryWatch = new MemoryWatch(options.clock);
    this.#sandboxes = new SandboxStore(this.#path("pods"));
    this.#supervision = new ContainerSupervision({
      directory: this.#path("containers"),
      clock: options.clock,
      logger: options.logger,
      oomKilled: (spec) => this.#memoryWatch.killed(spec.id),
      killAll: (pid, supervisorPid) => killTree(pid, supervisorPid),
    });
    // What a container left in the background ends with it.
    this.#supervision.onEvent((event) => {
      if (event.type === "exited") this.#endSession(event.container.id);
    });
  }

  probe(): Promise<RuntimeProbe> {
    const missing = ["sh", "env", "cat", "mkfifo"].filter((name) => findTool(name) === undefined);
    if (process.platform !== "linux") {
      const limitation = { reason: "LinuxOnly", message: "Supervision of processes is made for Linux's /proc." };
      return Promise.resolve({ ok: false, limitation });
    }
    if (missing.length > 0) {
      const limitation = { reason: "ProgramsMissing", message: `Processes need ${missing.join(", ")}.` };
      return Promise.resolve({ ok: false, limitation });
    }
    const features = { podAddresses: true, uids: "none", limits: "watched", egress: true, isolation: false } as const;
    return Promise.resolve({ ok: true, features, limitations: LIMITATIONS });
  }

  async start(): Promise<void> {
    writeSupervisorScripts(this.#path("scripts"));
    this.#sandboxes.load();
    await this.#supervision.start();
    for (const { record, state } of this.#supervision.list()) {
      if (state.state === "running") this.#watchMemory(record.spec);
    }
  }

  detach(): Promise<void> {
    this.#memoryWatch.close();
    this.#supervision.close();
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    if (this.#supervision.list().length === 0) await this.start();
    await Promise.all(this.#supervision.list().map(({ record }) => this.stop(record.spec.id, KILL)));
    await this.detach();
    rmSync(this.#path(), { recursive: true, force: true });
  }

  createSandbox(spec: SandboxSpec): Promise<SandboxState> {
    const known = this.#sandboxes.find(spec.id);
    if (known !== undefined) return Promise.resolve(sandboxState(known));
    const stored = { spec, ip: spec.hostNetwork ? "127.0.0.1" : this.#takeAddress(), createdAt: this.#clock.now() };
    this.#sandboxes.save(stored);
    return Promise.resolve(sandboxState(stored));
  }

  async removeSandbox(id: string): Promise<void> {
    const own = this.#supervision.list().filter(({ record }) => record.spec.sandboxId === id);
    await Promise.all(own.map(({ record }) => this.remove(record.spec.id)));
    this.#sandboxes.delete(id);
  }

  async create(spec: ContainerSpec): Promise<void> {
    await this.image(spec.image);
    this.#sandboxes.get(spec.sandboxId);
    const refusal = refusalOf(spec);
    if (refusal !== undefined) throw new RuntimeError("CreateContainerError", `container "${spec.name}" ${refusal}`);
    await this.#supervision.create(spec, () => Promise.resolve());
  }

  async startContainer(id: string): Promise<ContainerState> {
    const { record, directory } = this.#supervision.get(id);
    const pod = this.#sandboxes.get(record.spec.sandboxId);
    const launch = processCommand(record.spec, pod, { directory, scripts: this.#path("scripts") });
    const state = await this.#supervision.launch(id, launch);
    this.#watchMemory(record.spec);
    return state;
  }

  async stop(id: string, options: { readonly signal: string; readonly graceMilliseconds: number }): Promise<void> {
    await this.#supervision.stop(id, parseSignal(options.signal), options.graceMilliseconds);
  }

  async remove(id: string): Promise<void> {
    if (!this.#supervision.has(id)) return;
    await this.stop(id, KILL);
    this.#memoryWatch.remove(id);
    this.#supervision.remove(id);
  }

  list(): Promise<{ readonly sandboxes: readonly SandboxState[]; readonly containers: readonly ContainerState[] }> {
    return Promise.resolve({
      sandboxes: this.#sandboxes.all().map(sandboxState),
      containers: this.#supervision.list().map(({ state }) => state),
    });
  }

  onEvent(listener: (event: RuntimeEvent) => void): () => void {
    return this.#supervision.onEvent(listener);
  }

  stats(id: string): Promise<ResourceUsage | undefined> {
    if (!this.#supervision.has(id)) return Promise.resolve(undefined);
    const { state } = this.#supervision.get(id);
    if (state.state !== "running" || state.pid === undefined) return Promise.resolve(undefined);
    return Promise.resolve(usageOfProcesses(this.#pids(id), this.#clock));
  }

  exec(id: string, spec: ExecSpec): Promise<Session> {
    const { record, state } = this.#supervision.get(id);
    if (state.state !== "running") {
      throw new RuntimeError("ContainerNotRunning", `container "${record.spec.name}" does not run`);
    }
    const pod = this.#sandboxes.get(record.spec.sandboxId);
    const environment = processEnvironment(record.spec, pod);
    const { workingDir } = record.spec;
    const inDirectory = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", workingDir === "" ? "/" : workingDir];
    const command = [...inDirectory, "env", "-i", ...(spec.tty ? ["TERM=xterm"] : []), ...environment, ...spec.command];
    return openSession({ command, environment: TOOL_ENVIRONMENT, clock: this.#clock }, spec);
  }

  attach(id: string): Promise<Session> {
    return Promise.resolve(attachTo(this.#supervision, id, this.#clock));
  }

  dial(sandboxId: string, port: number): Promise<Duplex> {
    const { ip, spec } = this.#sandboxes.get(sandboxId);
    const socket = connect({ host: ip ?? "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => {
        const what = `failed to connect to ${ip ?? ""}:${port} of pod ${spec.namespace}/${spec.podName}`;
        reject(
          new RuntimeError("ConnectionFailed", `${what}: ${errorMessage(error)}`, {
            hint: "Without namespaces a program must listen on the address in POD_IP, or on all addresses",
            cause: error,
          }),
        );
      });
      socket.once("connect", () => {
        socket.removeAllListeners("error");
        socket.on("error", () => {});
        resolve(socket);
      });
    });
  }

  async image(reference: string): Promise<ImageInfo> {
    return resolveImage(reference, join(process.execPath, ".."));
  }

  #path(...parts: readonly string[]): string {
    return join(this.#directory, "runtime", ...parts);
  }

  #takeAddress(): string {
    const taken = new Set(this.#sandboxes.all().map(({ ip }) => ip));
    for (let step = 0; step < POD_ADDRESSES; step += 1) {
      this.#lastAddress = (this.#lastAddress % POD_ADDRESSES) + 1;
      const address = `127.244.0.${this.#lastAddress}`;
      if (!taken.has(address)) return address;
    }
    throw new RuntimeError("FailedCreatePodSandBox", "no address is left for the pod: the node has 254");
  }

  /** The processes of a container, without its supervisor's. */
  #pids(id: string): number[] {
    const { state, directory } = this.#supervision.get(id);
    const own = new Set(helperPids(directory));
    return pidsOfTree(state.pid ?? 0).filter((pid) => !own.has(pid));
  }

  #endSession(id: string): void {
    const session = this.#supervision.supervisorPid(id);
    if (session === undefined) return;
    for (const pid of pidsOfSession(session)) signalProcess(pid, "SIGKILL");
  }

  #watchMemory(spec: ContainerSpec): void {
    const { memoryLimit } = spec.resources;
    if (memoryLimit === undefined) return;
    this.#memoryWatch.add(spec.id, {
      limit: memoryLimit,
      pids: () => (this.#supervision.has(spec.id) ? this.#pids(spec.id) : []),
      kill: () => {
        for (const pid of this.#pids(spec.id)) signalProcess(pid, "SIGKILL");
      },
    });
  }
}

/** Why plain processes cannot be this container. */
function refusalOf(spec: ContainerSpec): string | undefined {
  if (spec.command.length === 0) return "has no command";
  const mount = spec.mounts.find(({ target }) => target !== TOKEN_DIRECTORY);
  const cannot = "needs a container: plain processes cannot";
  if (mount !== undefined) return `${cannot} mount a volume at ${mount.target}`;
  if (spec.readOnlyRootFilesystem) return `${cannot} make the root read-only`;
  if (spec.user !== undefined && spec.user.uid !== process.getuid?.()) {
    return `${cannot} run as another user (${spec.user.uid}) than the engine`;
  }
  return undefined;
}

/** The tree first, so that nothing is left to start more; the supervisor stays to write the exit code. */
function killTree(pid: number, supervisorPid: number | undefined): void {
  for (const each of pidsOfTree(pid)) if (each !== supervisorPid) signalProcess(each, "SIGKILL");
}
