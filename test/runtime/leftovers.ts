import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";

/** What a runtime could leave on the machine, apart from files of its directory. */
export interface Traces {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly cgroups: readonly string[];
  /** Processes that name the directory, or hold one of the given namespaces. */
  readonly processes: readonly string[];
}

/** Looks for traces of a cluster's directory. Others run the same programs on this machine: only its own count. */
export function tracesOf(directory: string, namespaces: readonly string[] = []): Traces {
  const group = `kelpie-${createHash("sha256").update(directory).digest("hex").slice(0, 12)}`;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return {
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(directory)),
    links: Object.keys(readLinks()).filter((name) => name.startsWith("kp") || name.startsWith("kelpie")),
    cgroups: findGroups("/sys/fs/cgroup", group),
    processes: pids.filter((pid) => holds(pid, directory, namespaces)).map((pid) => `${pid} ${commandOf(pid)}`),
  };
}

function readLinks(): Readonly<Record<string, true>> {
  const names = readFileSync("/proc/net/dev", "utf8").matchAll(/^\s*([\w.-]+):/gm);
  return Object.fromEntries([...names].map((match) => [match[1] ?? "", true]));
}

function findGroups(root: string, name: string): string[] {
  try {
    return readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(name));
  } catch {
    return [];
  }
}

export function namespacesOf(pid: number): string[] {
  return ["user", "net", "mnt", "pid", "uts", "ipc"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
}

function holds(pid: string, directory: string, namespaces: readonly string[]): boolean {
  // A zombie is nothing that runs.
  if (commandOf(pid) === "" || Number(pid) === process.pid) return false;
  if (commandOf(pid).includes(directory) || linkOf(`/proc/${pid}/cwd`).startsWith(directory)) return true;
  return namespaces.includes(linkOf(`/proc/${pid}/ns/user`)) || namespaces.includes(linkOf(`/proc/${pid}/ns/net`));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** The path as the kernel names it. */
export function kernelPath(path: string): string {
  return realpathSync(path);
}
