import { readFileSync } from "node:fs";

/**
 * A process that can be told from a later one with the same number: pid, start time in clock ticks since boot
 * (field 22 of /proc/PID/stat) and the boot it belongs to.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

let knownBootId: string | undefined;

export function bootId(): string {
  knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return knownBootId;
}

/** Reads a line of /proc/PID/stat. The command name may hold blanks and parentheses: fields count from its last `)`. */
export function parseStat(
  line: string,
): { readonly pid: number; readonly state: string; readonly startTime: string } | undefined {
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTime = fields[19];
  if (!Number.isInteger(pid) || state === undefined || startTime === undefined) return undefined;
  return { pid, state, startTime };
}

/** `undefined` where no such process runs; a zombie counts as ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
    return { pid, startTime: stat.startTime, bootId: bootId() };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && identify(identity.pid)?.startTime === identity.startTime;
}

/** Signals a process, or with a negative pid its group; one that is gone is no error. Returns whether it was there. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
