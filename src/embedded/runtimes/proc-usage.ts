import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Clock } from "../../lib/clock.ts";
import { readText } from "./container-files.ts";
import type { ResourceUsage } from "./runtime.ts";

/** USER_HZ, the unit of times in /proc/PID/stat; fixed by the kernel's ABI. */
const NANOS_PER_TICK = 10_000_000n;

/** A process as its line of /proc/PID/stat tells. */
interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Of itself and of its children that have ended, in ticks. */
  readonly ticks: bigint;
}

function readProcess(pid: number): ProcessLine | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + BigInt(field), 0n);
  return { pid, parent: Number(fields[1]), session: Number(fields[3]), ticks };
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The processes in the pid namespace of `pid`. */
export function pidsInNamespace(pid: number): number[] {
  return pidsSharing(pid, ["pid"]);
}

/**
 * The processes of one container, also where it shares the process namespace of another: those that see its mounts too.
 * What started it sees its mounts and is in no process namespace of a container.
 */
export function pidsOfContainer(pid: number): number[] {
  return pidsSharing(pid, ["pid", "mnt"]);
}

type Namespace = "pid" | "mnt";

function pidsSharing(pid: number, namespaces: readonly Namespace[]): number[] {
  const links = namespaces.map((namespace) => namespaceOf(pid, namespace));
  if (links.includes(undefined)) return [];
  return allPids().filter((each) =>
    namespaces.every((namespace, index) => namespaceOf(each, namespace) === links[index]),
  );
}

function namespaceOf(pid: number, namespace: Namespace): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${namespace}`);
  } catch {
    return undefined;
  }
}

/** A process and all below it. */
export function pidsOfTree(root: number): number[] {
  const lines = allPids().flatMap((pid) => readProcess(pid) ?? []);
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const line of lines) if (found.has(line.parent)) found.add(line.pid);
  }
  return Array.from(found);
}

/** The processes of a session, but not its leader. */
export function pidsOfSession(session: number): number[] {
  return allPids().filter((pid) => pid !== session && readProcess(pid)?.session === session);
}

/** Usage without control groups: what /proc says of the processes that run now. CPU of ended orphans is missing. */
export function usageOfProcesses(pids: readonly number[], clock: Clock): ResourceUsage | undefined {
  let ticks = 0n;
  let rss = 0;
  let seen = false;
  for (const pid of pids) {
    const line = readProcess(pid);
    if (line === undefined) continue;
    seen = true;
    ticks += line.ticks;
    rss += memoryOf(pid);
  }
  return seen ? { cpuNanos: ticks * NANOS_PER_TICK, workingSetBytes: rss, rssBytes: rss, at: clock.now() } : undefined;
}

/** The proportional share of memory, in bytes; the resident size where the kernel does not tell the share. */
export function memoryOf(pid: number): number {
  const rollup = readText(`/proc/${pid}/smaps_rollup`);
  const share = /^Pss:\s+(\d+) kB/m.exec(rollup ?? "")?.[1];
  if (share !== undefined) return Number(share) * 1024;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

/** Whether something in the network of `pid` listens on a port of the loopback only (state 0A of /proc/PID/net/tcp). */
export function listensOnLoopback(pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = `${readText(`/proc/${pid}/net/tcp`) ?? ""}\n${readText(`/proc/${pid}/net/tcp6`) ?? ""}`.split("\n");
  return lines.some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return state === "0A" && local.endsWith(wanted) && /^(?:0100007F|0{24}01000000|0{16}FFFF00000100007F):/.test(local);
  });
}
