import { readdirSync, readFileSync } from "node:fs";

const CLOCK_TICKS_PER_SECOND = 100;

/** A process and everything it has started that still has it for an ancestor. Linux only. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const parent = Number(statFields(Number(name))[1]);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/**
 * MB (10^6 bytes) of processes together. `proportional` (PSS) is their part of what they share with others, thus less
 * while others run the same programs; `alone` is what they would have if nobody else did. Needs to be root or their
 * owner.
 */
export function memoryOfAll(pids: readonly number[]): { readonly proportional: number; readonly alone: number } {
  let proportional = 0;
  let unshared = 0;
  let shared = 0;
  for (const pid of pids) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    const megabytes = (name: string): number =>
      (Number(new RegExp(String.raw`^${name}:\s+(\d+) kB`, "m").exec(rollup)?.[1] ?? 0) * 1024) / 1e6;
    const own = megabytes("Private_Clean") + megabytes("Private_Dirty");
    proportional += megabytes("Pss");
    unshared += own;
    // The largest has nearly all that the others share: the program of Node.js.
    shared = Math.max(shared, megabytes("Rss") - own);
  }
  return { proportional, alone: unshared + shared };
}

/** Milliseconds of processor time of a process, of its threads, and of children that have ended. */
export function processorMilliseconds(pid: number): number {
  const fields = statFields(pid);
  const ticks = Number(fields[13]) + Number(fields[14]);
  let threads = 0;
  for (const thread of list(`/proc/${pid}/task`)) {
    threads += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]) / 1e6;
  }
  // Nanoseconds where the kernel keeps them; ticks miss what runs shorter than one.
  const own = threads > 0 ? threads : ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND;
  return own + (ticks * 1000) / CLOCK_TICKS_PER_SECOND;
}

/** Fields of /proc/PID/stat from the state on: [0] state, [1] parent, [11] user ticks, [12] system ticks, [13..14] children's. */
function statFields(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
