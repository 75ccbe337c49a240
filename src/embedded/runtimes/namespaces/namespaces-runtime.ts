import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../lib/clock.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { NodeNetwork } from "../../net/node-network.ts";
import type { PodNetwork } from "../../net/pod-network.ts";
import { attachTo } from "../attach-session.ts";
import { openCgroups, type Cgroups } from "../cgroups.ts";
import { ContainerSupervision } from "../container-supervision.ts";
import { resolveImage } from "../host-image.ts";
import { findHostTools, type HostTools } from "../host-tools.ts";
import { MemoryWatch } from "../memory-watch.ts";
import { hostsFile, resolverFile } from "../pod-files.ts";
import { listensOnLoopback, pidsInNamespace, pidsOfContainer, usageOfProcesses } from "../proc-usage.ts";
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
  RuntimeProbe,
  SandboxSpec,
  SandboxState,
  Session,
} from "../runtime.ts";
import { SandboxStore, sandboxState } from "../sandbox-store.ts";
import { parseSignal } from "../signal-name.ts";
import { writeSupervisorScripts } from "../supervisor-scripts.ts";
import { execCommand, launchCommand } from "./container-command.ts";
import { NODE_DIRECTORY, prepareHostRoot } from "./host-root.ts";
import { keptFlags } from "./mount-table.ts";
import {
  closeNodeSandbox,
  GATEWAY_ADDRESS,
  openNodeSandbox,
  stageSources,
  unstageSources,
  type NodeSandbox,
} from "./node-sandbox.ts";
import { AddressPool, createPodNamespaces, removePodNamespaces, hasPodNamespaces } from "./pod-namespaces.ts";
import { probeNamespaces } from "./probe-namespaces.ts";
import { giveVolumes, isBelow, reachableByAll } from "./volume-access.ts";

export interface NamespacesRuntimeOptions {
  /** The cluster's directory. */
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What exists between `start` and `detach` or `destroy`. */
interface Running {
  readonly tools: HostTools;
  readonly sandbox: NodeSandbox;
  readonly cgroups: Cgroups | undefined;
  readonly network: NodeNetwork;
}

/**
 * Containers out of util-linux, iproute2 and a shell: every container in namespaces of its own, all of them inside one
 * user namespace that is nobody on the machine. Works as root and as any user, with nothing installed.
 */
export class NamespacesRuntime implements ContainerRuntime {
  readonly name = "namespaces";
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #supervision: ContainerSupervision;
  readonly #sandboxes: SandboxStore;
  readonly #addresses = new AddressPool();
  readonly #memoryWatch: MemoryWatch;
  #running: Running | undefined;

  constructor(options: NamespacesRuntimeOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#directory = realpathSync(options.directory);
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#memoryWatch = new MemoryWatch(options.clock);
    this.#sandboxes = new SandboxStore(this.#path("pods"));
    this.#supervision = new ContainerSupervision({
      directory: this.#path("containers"),
      clock: options.clock,
      logger: options.logger,
      oomKilled: (spec) => this.#oomKilled(spec.id),
      killAll: (pid) => {
        // The first process takes its namespace with it; one that joined another's is not the first.
        for (const each of pidsOfContainer(pid)) signalProcess(each, "SIGKILL");
      },
    });
  }

  get idOffset(): number | undefined {
    return this.#running?.sandbox.idOffset;
  }

  probe(): Promise<RuntimeProbe> {
    return probeNamespaces(this.#directory);
  }

  async start(): Promise<void> {
    const tools = await findHostTools();
    mkdirSync(this.#path("containers"), { recursive: true, mode: 0o755 });
    writeSupervisorScripts(this.#path("scripts"));
    const { sandbox, adopted } = await openNodeSandbox({ tools, directory: this.#directory, clock: this.#clock });
    const opened = openCgroups({ directory: this.#directory, idOffset: sandbox.idOffset });
    const cgroups = "denied" in opened ? undefined : opened;
    if ("denied" in opened) this.#logger.info("no control groups", { why: opened.denied });
    const network = new NodeNetwork({
      directory: this.#path(),
      enter: sandbox.enterNetwork(),
      runAs: sandbox.idOffset === undefined ? 0 : sandbox.idOffset + NOBODY,
      logger: this.#logger,
      clock: this.#clock,
    });
    network.start(!adopted);
    this.#running = { tools, sandbox, cgroups, network };
    this.#sandboxes.load();
    // The namespaces of pods ended with their holder; their containers are to find them again.
    if (!adopted) {
      await Promise.all(
        this.#sandboxes.all().map(({ spec, ip }) => this.#makeNamespaces(spec.id, spec.hostname, spec.hostNetwork, ip)),
      );
    }
    await this.#supervision.start();
    if (adopted) {
      const half = this.#sandboxes.all().filter(({ spec }) => !hasPodNamespaces(sandbox, spec.id));
      await Promise.all(half.map(({ spec }) => this.removeSandbox(spec.id)));
    }
    for (const { record, state } of this.#supervision.list()) {
      if (state.state === "running") this.#watchMemory(record.spec);
    }
  }

  detach(): Promise<void> {
    this.#memoryWatch.close();
    this.#supervision.close();
    this.#running?.network.detach();
    this.#running = undefined;
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    // What an earlier engine left is found the same way as for taking it over.
    if (this.#running === undefined && existsSync(this.#path("holder.json"))) await this.start();
    if (this.#running !== undefined) await this.#destroyRunning(this.#running);
    if (!existsSync(this.#path())) return;
    for (const name of listDirectory(this.#path("containers"))) {
      openOverlayWork(join(this.#path("containers"), name));
    }
    rmSync(this.#path(), { recursive: true, force: true });
  }

  async #destroyRunning({ sandbox, cgroups, network }: Running): Promise<void> {
    await Promise.all(this.#supervision.list().map(({ record }) => this.stop(record.spec.id, KILL)));
    await network.destroy();
    await closeNodeSandbox(sandbox, this.#directory, this.#clock);
    await cgroups?.destroy(this.#clock);
    this.#memoryWatch.close();
    this.#supervision.close();
    this.#running = undefined;
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxState> {
    const known = this.#sandboxes.find(spec.id);
    if (known !== undefined) return sandboxState(known);
    const taken = new Set(this.#sandboxes.all().flatMap(({ ip }) => ip ?? []));
    const ip = spec.hostNetwork ? GATEWAY_ADDRESS : this.#addresses.take(taken);
    const stored = { spec, ip, createdAt: this.#clock.now() };
    this.#sandboxes.save(stored);
    try {
      await this.#makeNamespaces(spec.id, spec.hostname, spec.hostNetwork, ip);
    } catch (error) {
      await this.removeSandbox(spec.id);
      throw error;
    }
    return sandboxState(stored);
  }

  async removeSandbox(id: string): Promise<void> {
    const { tools, sandbox, network } = this.#need();
    const own = this.#supervision.list().filter(({ record }) => record.spec.sandboxId === id);
    await Promise.all(
      own.map(async ({ record }) => {
        await this.stop(record.spec.id, KILL);
        await this.remove(record.spec.id);
      }),
    );
    if (this.#sandboxes.find(id) === undefined) return;
    network.forgetPod(id);
    await removePodNamespaces(tools, sandbox, id);
    this.#sandboxes.delete(id);
  }

  async create(spec: ContainerSpec): Promise<void> {
    const { tools, sandbox, cgroups } = this.#need();
    await this.image(spec.image);
    if (spec.command.length === 0) {
      throw new RuntimeError("CreateContainerError", `container "${spec.name}" has no command`);
    }
    const pod = this.#sandboxes.get(spec.sandboxId);
    try {
      await this.#supervision.create(spec, async (directory) => {
        if (sandbox.idOffset !== undefined) {
          chownSync(directory, sandbox.idOffset, sandbox.idOffset);
          giveVolumes(spec.mounts, this.#directory, sandbox.idOffset);
        }
        prepareHostRoot({
          directory,
          inside: sandbox.inside(directory),
          spec,
          idOffset: sandbox.idOffset,
          abilities: sandbox.abilities,
          etc: {
            hosts: hostsFile(pod.spec, pod.ip),
            "resolv.conf": resolverFile(pod.spec.dns),
            hostname: `${pod.spec.hostname}\n`,
          },
          sources: await this.#sources(spec),
        });
        cgroups?.create(spec);
      });
    } catch (error) {
      await unstageSources(tools, sandbox, spec.id);
      throw error;
    }
  }

  async startContainer(id: string): Promise<ContainerState> {
    const { tools, sandbox, cgroups } = this.#need();
    const { record, directory } = this.#supervision.get(id);
    const { spec } = record;
    const readOnly = ["remount", "bind", "ro", ...keptFlags(directory)].join(",");
    const launch = launchCommand({
      tools,
      sandbox,
      spec,
      inside: sandbox.inside(directory),
      scripts: sandbox.inside(this.#path("scripts")),
      cgroups: cgroups?.groups(id) ?? [],
      readOnly: spec.readOnlyRootFilesystem ? readOnly : undefined,
      hostname: this.#sandboxes.get(spec.sandboxId).spec.hostname,
      processesOf: this.#firstProcess(spec.processesOf),
    });
    const command = joining(tools.sh, cgroups?.entry ?? [], launch.command);
    const state = await this.#supervision.launch(id, { ...launch, command });
    this.#watchMemory(spec);
    return state;
  }

  async stop(id: string, options: { readonly signal: string; readonly graceMilliseconds: number }): Promise<void> {
    await this.#supervision.stop(id, parseSignal(options.signal), options.graceMilliseconds);
  }

  async remove(id: string): Promise<void> {
    if (!this.#supervision.has(id)) return;
    const { tools, sandbox, cgroups } = this.#need();
    const { directory } = this.#supervision.get(id);
    await this.stop(id, KILL);
    this.#memoryWatch.remove(id);
    cgroups?.remove(id);
    await unstageSources(tools, sandbox, id);
    openOverlayWork(directory);
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
    const counted = this.#need().cgroups?.usage(id, this.#clock);
    return Promise.resolve(counted ?? usageOfProcesses(pidsInNamespace(state.pid), this.#clock));
  }

  async exec(id: string, spec: ExecSpec): Promise<Session> {
    const { tools, sandbox, cgroups } = this.#need();
    const { record, state } = this.#supervision.get(id);
    if (state.state !== "running" || state.pid === undefined) {
      throw new RuntimeError("ContainerNotRunning", `container "${record.spec.name}" does not run`);
    }
    const { hostname } = this.#sandboxes.get(record.spec.sandboxId).spec;
    const target = { spec: record.spec, pid: state.pid, hostname };
    const command = execCommand(tools, sandbox, target, spec.command, spec.tty);
    const full = joining(tools.sh, cgroups?.groups(id) ?? [], command);
    return openSession({ command: full, environment: TOOL_ENVIRONMENT, clock: this.#clock }, spec);
  }

  attach(id: string): Promise<Session> {
    return Promise.resolve(attachTo(this.#supervision, id, this.#clock));
  }

  async dial(sandboxId: string, port: number): Promise<Duplex> {
    const { sandbox, network } = this.#need();
    const { ip, spec } = this.#sandboxes.get(sandboxId);
    try {
      return await network.dialAddress(ip ?? GATEWAY_ADDRESS, port);
    } catch (error) {
      const pid = this.#supervision
        .list()
        .find(({ record, state }) => record.spec.sandboxId === sandboxId && state.state === "running")?.state.pid;
      if (pid !== undefined && listensOnLoopback(pid, port)) {
        return network.dialLoopback(sandboxId, sandbox.enterNetwork(sandboxId), port);
      }
      throw new RuntimeError(
        "ConnectionFailed",
        `failed to connect to ${ip ?? GATEWAY_ADDRESS}:${port} of pod ${spec.namespace}/${spec.podName}: ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }

  get network(): PodNetwork | undefined {
    return this.#running?.network;
  }

  async image(reference: string): Promise<ImageInfo> {
    return resolveImage(reference, NODE_DIRECTORY);
  }

  #need(): Running {
    if (this.#running === undefined) throw new RuntimeError("RuntimeUnavailable", "the runtime is not started");
    return this.#running;
  }

  #path(...parts: readonly string[]): string {
    return join(this.#directory, "runtime", ...parts);
  }

  async #makeNamespaces(id: string, hostname: string, hostNetwork: boolean, ip: string | undefined): Promise<void> {
    const { tools, sandbox } = this.#need();
    await createPodNamespaces(tools, sandbox, { id, hostname, ip: hostNetwork ? undefined : ip });
  }

  /** Where the sources of a container's mounts are inside the sandbox. */
  async #sources(spec: ContainerSpec): Promise<ReadonlyMap<string, string>> {
    const { tools, sandbox } = this.#need();
    const sources = new Map<string, string>();
    const hidden: Array<{ readonly path: string; readonly directory: boolean }> = [];
    for (const { source } of spec.mounts) {
      const stat = statSync(source, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      // The cluster's directory is closed to everybody else, its shared parts are bound from below it.
      const from = isBelow(source, this.#directory) ? this.#directory : "/";
      const inside = sandbox.inside(source);
      const reachable = reachableByAll(source, from) && (from === "/" || inside !== source);
      if (sandbox.idOffset === undefined || reachable) sources.set(source, inside);
      else hidden.push({ path: source, directory: stat.isDirectory() });
    }
    const staged = await stageSources(tools, sandbox, spec.id, hidden);
    for (const [source, at] of staged) sources.set(source, at);
    return sources;
  }

  /** Of a container whose processes another one is to share. */
  #firstProcess(id: string | undefined): number | undefined {
    if (id === undefined) return undefined;
    const { record, state } = this.#supervision.get(id);
    if (state.state === "running" && state.pid !== undefined) return state.pid;
    throw new RuntimeError(
      "CreateContainerError",
      `container "${record.spec.name}", whose processes it shares, has ended`,
    );
  }

  #watchMemory(spec: ContainerSpec): void {
    const { memoryLimit } = spec.resources;
    if (memoryLimit === undefined || this.#running?.cgroups !== undefined) return;
    const pid = (): number => this.#supervision.get(spec.id).state.pid ?? 0;
    this.#memoryWatch.add(spec.id, {
      limit: memoryLimit,
      pids: () => (this.#supervision.has(spec.id) && pid() > 0 ? pidsInNamespace(pid()) : []),
      kill: () => void signalProcess(pid(), "SIGKILL"),
    });
  }

  #oomKilled(id: string): boolean {
    return (this.#running?.cgroups?.oomKills(id) ?? 0) > 0 || this.#memoryWatch.killed(id);
  }
}

/** The unprivileged id of containers that netd runs under. */
const NOBODY = 65_534;
const KILL = { signal: "SIGKILL", graceMilliseconds: 0 } as const;

/** A command that joins control groups, as the engine's user, before it does anything else. */
function joining(shell: string, groups: readonly string[], command: readonly string[]): readonly string[] {
  if (groups.length === 0) return command;
  const join = groups.map((_group, index) => `echo 0 >"$${index + 1}/cgroup.procs"`).join("; ");
  return [shell, "-c", `${join}; shift ${groups.length}; exec "$@"`, shell, ...groups, ...command];
}

function listDirectory(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** Overlay leaves directories that not even their owner may enter; without root they could not be removed. */
function openOverlayWork(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (!name.endsWith("-work")) continue;
    for (const path of ["work", "work/incompat", "work/incompat/volatile"]) {
      try {
        chmodSync(join(directory, name, path), 0o700);
      } catch (error) {
        if (!errorMessage(error).startsWith("ENOENT")) throw error;
      }
    }
  }
}
