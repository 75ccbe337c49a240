import { randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readlink,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

export interface VolumeFile {
  readonly data: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Relative paths and their files. */
export type VolumePayload = ReadonlyMap<string, VolumeFile>;

/** Owner of written files, as this machine counts users; absent: whoever runs kelpie. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes `directory` hold exactly the payload, all of it at once (upstream: pkg/volume/util/atomic_writer.go): files lie
 * in a directory of their own, `..data` is a link to it that is swapped by a rename, and the visible names are links
 * through `..data`. Writes nothing where nothing changed.
 * @returns whether something changed
 */
export async function writeAtomically(
  directory: string,
  payload: VolumePayload,
  owner: FileOwner | undefined,
): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const dataLink = join(directory, "..data");
  const before = await readlink(dataLink).catch(() => undefined);
  if (before !== undefined && (await holds(join(directory, before), payload))) return false;
  const stamp = `..${new Date().toISOString().replaceAll(/[-:T]/g, "_").slice(0, 19)}.${randomBytes(4).toString("hex")}`;
  const fresh = join(directory, stamp);
  await mkdir(fresh, { mode: 0o755 });
  await chmod(fresh, 0o755);
  if (owner !== undefined) await chown(fresh, owner.uid, owner.gid);
  for (const [path, file] of payload) await writeOne(fresh, path, file, owner);
  const temporaryLink = join(directory, "..data_tmp");
  await rm(temporaryLink, { force: true });
  await symlink(stamp, temporaryLink);
  await rename(temporaryLink, dataLink);
  await linkNames(directory, payload);
  if (before !== undefined) await rm(join(directory, before), { recursive: true, force: true });
  return true;
}

async function writeOne(root: string, path: string, file: VolumeFile, owner: FileOwner | undefined): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await writeFile(target, file.data, { mode: file.mode });
  // The process's umask has cut the mode of writeFile.
  await chmod(target, file.mode);
  if (owner !== undefined) await chown(target, owner.uid, owner.gid);
}

async function holds(directory: string, payload: VolumePayload): Promise<boolean> {
  const paths = await filesBelow(directory, "");
  if (paths.length !== payload.size) return false;
  for (const path of paths) {
    const wanted = payload.get(path);
    if (wanted === undefined) return false;
    const target = join(directory, path);
    const [data, stat] = await Promise.all([readFile(target).catch(() => undefined), lstat(target)]);
    if (data === undefined || !data.equals(wanted.data) || (stat.mode & 0o7777) !== wanted.mode) return false;
  }
  return true;
}

async function filesBelow(root: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true }).catch(() => []);
  const paths: string[] = [];
  for (const entry of entries) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await filesBelow(root, path)));
    else paths.push(path);
  }
  return paths;
}

async function linkNames(directory: string, payload: VolumePayload): Promise<void> {
  const wanted = new Set(Array.from(payload.keys(), (path) => path.split("/")[0] ?? path));
  for (const name of await readdir(directory)) {
    if (!name.startsWith("..") && !wanted.has(name)) await rm(join(directory, name), { force: true, recursive: true });
  }
  for (const name of wanted) {
    const link = join(directory, name);
    if ((await readlink(link).catch(() => undefined)) !== undefined) continue;
    await symlink(`..data/${name}`, link);
  }
}
