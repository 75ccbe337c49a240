import { lchownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mount } from "../runtime.ts";

/** Whether everybody may go down to a path from `from`, which itself is reachable. */
export function reachableByAll(path: string, from = "/"): boolean {
  for (let at = dirname(path); at !== from && at.length >= from.length && at !== "/"; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat === undefined || (stat.mode & 0o001) === 0) return false;
  }
  return true;
}

export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** Gives files of the cluster's volumes that still belong to the machine's ids to the same ids of containers. */
export function giveVolumes(mounts: readonly Mount[], directory: string, idOffset: number): void {
  for (const { source } of mounts) if (isBelow(source, directory)) giveTree(source, idOffset);
}

function giveTree(path: string, idOffset: number): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.uid >= idOffset) return;
  const gid = stat.gid >= idOffset ? stat.gid : stat.gid + idOffset;
  lchownSync(path, stat.uid + idOffset, gid);
  if (!stat.isDirectory()) return;
  for (const name of readdirSync(path)) giveTree(join(path, name), idOffset);
}
