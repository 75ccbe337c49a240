import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asNumber, asString, isRecord } from "../../lib/kube/object.ts";
import { bootId, isAlive, parseStat, type ProcessIdentity } from "./process-identity.ts";
import type { ContainerSpec, ContainerState } from "./runtime.ts";

/** What of a container lies on disk, and what follows from it. Written by the supervisor (supervisor-scripts.ts). */

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export function writeAtomically(path: string, text: string): void {
  writeFileSync(`${path}.part`, text, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** What the engine remembers of a container from its creation on. */
export interface ContainerRecord {
  readonly spec: ContainerSpec;
  readonly createdAt: number;
}

/** `container.json` of a container's directory; only this program writes it. */
export function readContainerRecord(directory: string): ContainerRecord | undefined {
  const text = readText(join(directory, "container.json"));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || !isRecord(value["spec"]) || asString(value["spec"]["id"]) === "") return undefined;
  return { spec: value["spec"] as unknown as ContainerSpec, createdAt: asNumber(value["createdAt"]) };
}

export function writeContainerRecord(directory: string, record: ContainerRecord): void {
  writeAtomically(join(directory, "container.json"), JSON.stringify(record));
}

/** The process a stat file of the supervisor names; `boot` is where the container was started. */
function readIdentity(path: string, boot: string): ProcessIdentity | undefined {
  const stat = parseStat(readText(path) ?? "");
  return stat === undefined ? undefined : { pid: stat.pid, startTime: stat.startTime, bootId: boot };
}

/** How a container stands, from its files and /proc alone. */
export interface ObservedContainer {
  readonly state: ContainerState["state"];
  readonly pid: number | undefined;
  readonly supervisorPid: number | undefined;
  readonly exitCode: number | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** What the set-up said where the command never ran. */
  readonly setupError: string | undefined;
}

/** Written right before the supervisor is started. */
export function writeLaunchMark(directory: string): void {
  writeAtomically(join(directory, "launch"), `${bootId()}\n`);
}

export function observeContainer(directory: string): ObservedContainer {
  const boot = readText(join(directory, "launch"))?.trim();
  const nothing = {
    pid: undefined,
    supervisorPid: undefined,
    exitCode: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    setupError: undefined,
  };
  if (boot === undefined) return { ...nothing, state: "created" };
  const main = readIdentity(join(directory, "pid"), boot);
  const supervisor = readIdentity(join(directory, "supervisor"), boot);
  const startedAt = main === undefined ? undefined : modifiedAt(join(directory, "pid"));
  const known = { ...nothing, pid: main?.pid, supervisorPid: supervisor?.pid, startedAt };
  const exit = readText(join(directory, "exit"));
  if (exit?.endsWith("\n") === true) {
    const setupError = main === undefined ? (readText(join(directory, "setup")) ?? "").trim() : undefined;
    const finishedAt = modifiedAt(join(directory, "exit"));
    return { ...known, state: "exited", exitCode: Number.parseInt(exit, 10), finishedAt, setupError };
  }
  if (main !== undefined && isAlive(main)) return { ...known, state: "running" };
  // The supervisor is about to write the exit code, or has not come to the container yet.
  if (supervisor !== undefined && isAlive(supervisor)) return { ...known, state: "running" };
  // It may have written the code and ended since it was looked for.
  if (readText(join(directory, "exit"))?.endsWith("\n") === true) return observeContainer(directory);
  return { ...known, state: "unknown" };
}

export function modifiedAt(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : Math.floor(stat.mtimeMs);
}

/** The pids of the output pumps and of the keeper of standard input, as recorded. */
export function helperPids(directory: string): number[] {
  const text = `${readText(join(directory, "pumps")) ?? ""} ${readText(join(directory, "stdin.keeper")) ?? ""}`;
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(Number);
}
