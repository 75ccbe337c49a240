import { createHash } from "node:crypto";
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { delay, type Clock } from "../../lib/clock.ts";
import { errorCode, errorMessage } from "../../lib/errors.ts";
import { asString, isRecord } from "../../lib/kube/object.ts";
import { readText, writeAtomically } from "./container-files.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { ContainerSpec, ResourceUsage } from "./runtime.ts";

/** How long the last processes of a group may take to end. */
const DESTROY_MILLISECONDS = 3000;
const CPU_PERIOD_MICROSECONDS = 100_000;
/** Shares of one core, as the kubelet counts them (v1); weight 100 of v2 stands for 1024 shares. */
const SHARES_PER_CORE = 1024;

/** Where the machine's control groups are and which this process is in. `undefined`: none that can be used. */
export interface CgroupLayout {
  readonly version: 1 | 2;
  /** v1: directory of the own group per controller. v2: the own group under the name `unified`. */
  readonly own: ReadonlyMap<string, string>;
}

/** Reads /proc/self/mountinfo and /proc/self/cgroup. A v2 tree beside v1 controllers (hybrid) counts as v1. */
export function cgroupLayout(mountinfo: string, selfCgroup: string): CgroupLayout | undefined {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root = "/", at = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return at === "" ? [] : [{ root, at, type, options: options.split(",") }];
  });
  const paths = new Map<string, string>();
  for (const line of selfCgroup.split("\n")) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    for (const controller of match?.[1]?.split(",") ?? []) paths.set(controller, match?.[2] ?? "/");
  }
  const below = (mount: { readonly root: string; readonly at: string }, path: string): string =>
    join(mount.at, mount.root !== "/" && path.startsWith(mount.root) ? path.slice(mount.root.length) : path);
  const own = new Map<string, string>();
  for (const controller of ["memory", "cpu", "cpuacct", "pids"]) {
    const mount = mounts.find((each) => each.type === "cgroup" && each.options.includes(controller));
    const path = paths.get(controller);
    if (mount !== undefined && path !== undefined) own.set(controller, below(mount, path));
  }
  if (own.has("memory")) return { version: 1, own };
  const unified = mounts.find((mount) => mount.type === "cgroup2");
  const path = paths.get("");
  if (unified === undefined || path === undefined) return undefined;
  return { version: 2, own: new Map([["unified", below(unified, path)]]) };
}

/** Control groups of the containers of one cluster, below the group of the engine. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Groups that a supervisor joins before it enters the sandbox, so that its container may go on from there. */
  readonly entry: readonly string[];
  /** Makes the groups of a container and sets its limits. Answers the directories that its first process joins. */
  create(spec: ContainerSpec): string[];
  /** The directories of a container that exist. */
  groups(id: string): string[];
  oomKills(id: string): number;
  usage(id: string, clock: Clock): ResourceUsage | undefined;
  /** Idempotent; groups that still hold processes are removed with the next ones. */
  remove(id: string): void;
  /** Removes everything that is this cluster's. */
  destroy(clock: Clock): Promise<void>;
}

export interface CgroupOptions {
  /** The cluster's directory; its hash names the groups. */
  readonly directory: string;
  /** Owner of the files through which processes join. */
  readonly idOffset: number | undefined;
  /** Instead of what this process is in. */
  readonly layout?: CgroupLayout;
}

/** Why limits cannot be enforced here, tried without leaving anything. `undefined`: they can. */
export function whyNoCgroups(): string | undefined {
  try {
    const layout = readLayout();
    if (layout === undefined) return "no control groups are mounted";
    for (const path of layout.own.values()) {
      const parent = layout.version === 1 ? path : (withMemoryController(path) ?? path);
      const attempt = join(parent, `kelpie-try-${process.pid}`);
      mkdirSync(attempt);
      const offered = layout.version === 1 ? "memory" : readText(join(parent, "cgroup.controllers"));
      rmdirSync(attempt);
      if (!/\bmemory\b/.test(offered ?? "")) return "the memory controller was not delegated to this user";
      if (parent === path && layout.version === 2 && !onlyProcess(path)) {
        return "other processes are in the control group that kelpie was started in";
      }
    }
    return undefined;
  } catch (error) {
    return ["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")
      ? "this user may not make control groups here"
      : errorMessage(error);
  }
}

function onlyProcess(group: string): boolean {
  const pids = (readText(join(group, "cgroup.procs")) ?? "").split("\n").filter((line) => line !== "");
  const delegated = withMemoryController(group) === group;
  return delegated || pids.every((pid) => pid === String(process.pid));
}

/** Opens control groups by making one; answers why it cannot be done where it cannot. */
export function openCgroups(options: CgroupOptions): Cgroups | { readonly denied: string } {
  try {
    const layout = rememberedLayout(options) ?? options.layout ?? readLayout();
    if (layout === undefined) return { denied: "no control groups are mounted" };
    const cgroups = layout.version === 1 ? openVersion1(layout, options) : openVersion2(layout, options);
    writeAtomically(
      layoutFile(options),
      JSON.stringify({ version: layout.version, own: Object.fromEntries(layout.own) }),
    );
    return cgroups;
  } catch (error) {
    return { denied: errorMessage(error) };
  }
}

function readLayout(): CgroupLayout | undefined {
  return cgroupLayout(readFileSync("/proc/self/mountinfo", "utf8"), readFileSync("/proc/self/cgroup", "utf8"));
}

function layoutFile(options: CgroupOptions): string {
  return join(options.directory, "runtime", "cgroups.json");
}

/** An engine started from elsewhere is in another group: containers that run stay where the first one put them. */
function rememberedLayout(options: CgroupOptions): CgroupLayout | undefined {
  const value: unknown = JSON.parse(readText(layoutFile(options)) ?? "null");
  if (!isRecord(value) || !isRecord(value["own"])) return undefined;
  const own = new Map(Object.entries(value["own"]).map(([controller, path]) => [controller, asString(path)]));
  const there = Array.from(own.values()).every((path) => existsSync(join(path, groupName(options))));
  return there && own.size > 0 ? { version: value["version"] === 1 ? 1 : 2, own } : undefined;
}

function groupName(options: CgroupOptions): string {
  return `kelpie-${createHash("sha256").update(options.directory).digest("hex").slice(0, 12)}`;
}

function openVersion1(layout: CgroupLayout, options: CgroupOptions): Cgroups {
  const base = new Map(Array.from(layout.own, ([controller, path]) => [controller, join(path, groupName(options))]));
  for (const path of base.values()) mkdirSync(path, { recursive: true });
  const at = (controller: string, id: string): string | undefined => {
    const path = base.get(controller);
    return path === undefined ? undefined : join(path, id);
  };
  const all = (id: string): string[] => [...base.keys()].flatMap((controller) => at(controller, id) ?? []);
  const stale = new Set<string>();
  return {
    version: 1,
    entry: [],
    create(spec) {
      const { cpuLimit, cpuRequest, memoryLimit } = spec.resources;
      const joined: string[] = [];
      for (const controller of base.keys()) {
        const path = at(controller, spec.id);
        // Joining a group costs up to milliseconds: only those that limit or count something.
        const needed =
          controller === "memory" ||
          controller === "cpuacct" ||
          (controller === "cpu" && (cpuLimit !== undefined || cpuRequest !== undefined));
        if (path === undefined || !needed) continue;
        mkdirSync(path, { recursive: true });
        if (controller === "memory" && memoryLimit !== undefined) {
          writeFileSync(join(path, "memory.limit_in_bytes"), String(Math.floor(memoryLimit)));
          const swap = join(path, "memory.memsw.limit_in_bytes");
          if (existsSync(swap)) writeFileSync(swap, String(Math.floor(memoryLimit)));
        }
        if (controller === "cpu") {
          if (cpuRequest !== undefined) {
            const shares = Math.max(2, Math.round(cpuRequest * SHARES_PER_CORE));
            writeFileSync(join(path, "cpu.shares"), String(shares));
          }
          if (cpuLimit !== undefined) {
            writeFileSync(join(path, "cpu.cfs_period_us"), String(CPU_PERIOD_MICROSECONDS));
            writeFileSync(join(path, "cpu.cfs_quota_us"), String(quota(cpuLimit)));
          }
        }
        giveJoin(path, options.idOffset);
        joined.push(path);
      }
      return joined;
    },
    groups: (id) => all(id).filter((path) => existsSync(path)),
    oomKills(id) {
      const control = readText(join(at("memory", id) ?? "", "memory.oom_control")) ?? "";
      return Number(/^oom_kill (\d+)/m.exec(control)?.[1] ?? 0);
    },
    usage(id, clock) {
      const memory = at("memory", id) ?? "";
      const cpu = readText(join(at("cpuacct", id) ?? "", "cpuacct.usage"));
      const used = readText(join(memory, "memory.usage_in_bytes"));
      const stat = readText(join(memory, "memory.stat"));
      if (cpu === undefined || used === undefined || stat === undefined) return undefined;
      return {
        cpuNanos: BigInt(cpu.trim()),
        workingSetBytes: Math.max(0, Number(used) - statField(stat, "total_inactive_file")),
        rssBytes: statField(stat, "total_rss"),
        at: clock.now(),
      };
    },
    remove: (id) => removeGroups(stale, all(id)),
    destroy: (clock) => removeTrees(Array.from(base.values()), clock),
  };
}

/**
 * Groups below one whose children have the memory controller already: the engine's own or one above it. Where there
 * is none, the engine's own gets it: then the engine must leave it for a leaf, since a group with controllers for its
 * children may hold no process. Supervisors enter a leaf beside the containers: a process may only be moved by one
 * who may write to the group above both ends of the move, which is then one of ours.
 */
function openVersion2(layout: CgroupLayout, options: CgroupOptions): Cgroups {
  const own = layout.own.get("unified") ?? "";
  const parent = withMemoryController(own) ?? delegate(own);
  const base = join(parent, groupName(options));
  const entry = join(base, "supervisors");
  mkdirSync(base, { recursive: true });
  enableControllers(base);
  mkdirSync(entry, { recursive: true });
  for (const path of [base, entry]) giveJoin(path, options.idOffset);
  const at = (id: string): string => join(base, id);
  const stale = new Set<string>();
  return {
    version: 2,
    entry: [entry],
    create(spec) {
      const path = at(spec.id);
      const { cpuLimit, cpuRequest, memoryLimit } = spec.resources;
      mkdirSync(path, { recursive: true });
      if (memoryLimit !== undefined) {
        writeFileSync(join(path, "memory.max"), String(Math.floor(memoryLimit)));
        if (existsSync(join(path, "memory.swap.max"))) writeFileSync(join(path, "memory.swap.max"), "0");
        writeFileSync(join(path, "memory.oom.group"), "1");
      }
      if (cpuLimit !== undefined && existsSync(join(path, "cpu.max"))) {
        writeFileSync(join(path, "cpu.max"), `${quota(cpuLimit)} ${CPU_PERIOD_MICROSECONDS}`);
      }
      if (cpuRequest !== undefined && existsSync(join(path, "cpu.weight"))) {
        const weight = Math.min(10_000, Math.max(1, Math.round(cpuRequest * 100)));
        writeFileSync(join(path, "cpu.weight"), String(weight));
      }
      giveJoin(path, options.idOffset);
      return [path];
    },
    groups: (id) => [at(id)].filter((path) => existsSync(path)),
    oomKills(id) {
      const events = readText(join(at(id), "memory.events")) ?? "";
      return Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0);
    },
    usage(id, clock) {
      const cpu = readText(join(at(id), "cpu.stat"));
      const used = readText(join(at(id), "memory.current"));
      const stat = readText(join(at(id), "memory.stat"));
      if (cpu === undefined || used === undefined || stat === undefined) return undefined;
      return {
        cpuNanos: BigInt(statField(cpu, "usage_usec")) * 1000n,
        workingSetBytes: Math.max(0, Number(used) - statField(stat, "inactive_file")),
        rssBytes: statField(stat, "anon"),
        at: clock.now(),
      };
    },
    remove: (id) => removeGroups(stale, [at(id)]),
    destroy: (clock) => removeTrees([base], clock),
  };
}

function withMemoryController(own: string): string | undefined {
  for (let at = own; existsSync(join(at, "cgroup.subtree_control")); at = dirname(at)) {
    const controllers = readFileSync(join(at, "cgroup.subtree_control"), "utf8").split(/\s+/);
    if (controllers.includes("memory") && isWritable(at)) return at;
  }
  return undefined;
}

/** Turns the engine's own group into one for children, as its owner may. What the engine has started moves with it. */
function delegate(own: string): string {
  const leaf = join(own, "kelpie-engine");
  mkdirSync(leaf, { recursive: true });
  const started = (readText(join(own, "cgroup.procs")) ?? "").split("\n").filter((line) => line !== "");
  for (const pid of started) {
    try {
      writeFileSync(join(leaf, "cgroup.procs"), pid);
    } catch (error) {
      // It has ended meanwhile.
      if (errorCode(error) !== "ESRCH") throw error;
    }
  }
  enableControllers(own);
  return own;
}

function enableControllers(path: string): void {
  const offered = readFileSync(join(path, "cgroup.controllers"), "utf8").trim().split(/\s+/);
  const wanted = ["cpu", "memory", "pids"].filter((name) => offered.includes(name));
  if (!wanted.includes("memory"))
    throw new RuntimeError("LimitsNotEnforced", "the memory controller was not delegated");
  writeFileSync(join(path, "cgroup.subtree_control"), wanted.map((name) => `+${name}`).join(" "));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function quota(cores: number): number {
  // The kernel takes no less than a millisecond.
  return Math.max(1000, Math.round(cores * CPU_PERIOD_MICROSECONDS));
}

function statField(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? 0);
}

function giveJoin(path: string, idOffset: number | undefined): void {
  if (idOffset !== undefined) chownSync(join(path, "cgroup.procs"), idOffset, idOffset);
}

/** Removes groups, now or when it is called again: a group stays busy while the last processes in it end. */
function removeGroups(stale: Set<string>, paths: readonly string[]): void {
  for (const path of paths) if (existsSync(path)) stale.add(path);
  for (const path of stale) {
    try {
      rmdirSync(path);
      stale.delete(path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") stale.delete(path);
    }
  }
}

/** The groups of a tree, innermost first. */
function treeOf(path: string): string[] {
  if (!existsSync(path)) return [];
  const inner = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => treeOf(join(path, entry.name)));
  return [...inner, path];
}

async function removeTrees(paths: readonly string[], clock: Clock): Promise<void> {
  const stale = new Set<string>();
  const groups = paths.flatMap(treeOf);
  const until = clock.now() + DESTROY_MILLISECONDS;
  for (removeGroups(stale, groups); stale.size > 0 && clock.now() < until; removeGroups(stale, [])) {
    await delay(clock, 20);
  }
}
