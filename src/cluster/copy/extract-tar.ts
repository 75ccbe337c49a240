import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, open, realpath, symlink, utimes } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { errorCode, errorMessage, KelpieError } from "../../lib/errors.ts";
import type { TarEntry } from "../../lib/tar/header.ts";
import { readTar, type TarMember } from "../../lib/tar/read-tar.ts";
import type { CopyReporter } from "./copy-reporter.ts";

/** What is left of an archive when its first name is taken away. */
interface Placed {
  readonly entry: TarEntry;
  /** Where on this machine; always below the root, or the root itself. */
  readonly path: string;
}

/**
 * Unpacks an archive whose members all stand below `base` as `root`, which does not exist yet. Nothing is written
 * anywhere else: names that are absolute or climb are left out, links come last and only where they stay inside.
 * Devices and pipes are left out; what is left out is reported.
 * @throws TarError, KelpieError naming the file that could not be written
 */
export async function extractTar(
  source: AsyncIterable<Uint8Array>,
  base: string,
  root: string,
  report: CopyReporter,
): Promise<void> {
  const links: Placed[] = [];
  const directories: Placed[] = [];
  for await (const member of readTar(source)) {
    // As the container would name it.
    const entry = { ...member.entry, name: member.entry.name.replace(/^\.\/(?=.)/, "") };
    const path = placeOf(entry.name, base, root);
    if (path === undefined) {
      report.skip(entry.name, "its name leads out of what is copied");
      continue;
    }
    try {
      if (entry.type === "directory") {
        await mkdir(path, { recursive: true, mode: 0o700 });
        directories.push({ entry, path });
      } else if (entry.type === "file") await writeMember({ ...member, entry }, path, report);
      else if (entry.type === "symlink" || entry.type === "hardlink") links.push({ entry, path });
      else report.skip(entry.name, "it is a device, a pipe or a sparse file");
    } catch (error) {
      if (error instanceof KelpieError) throw error;
      throw new KelpieError(`${entry.name} cannot be written: ${reasonOf(error)}`, { cause: error });
    }
  }
  // No symbolic link stands in the way of what is written.
  for (const { entry, path } of links) {
    if (entry.type === "hardlink") await copyLinked(entry, path, placeOf(entry.linkName, base, root), report);
  }
  for (const { entry, path } of links) if (entry.type === "symlink") await makeLink(entry, path, root, report);
  // Last: a directory that may not be written to must be filled first, and filling it changes its time.
  for (const { entry, path } of directories.toReversed()) await settle(path, entry, 0o700);
}

/** `undefined` for a name that leads elsewhere. `base` `.` is the archive's own root. */
function placeOf(name: string, base: string, root: string): string | undefined {
  if (name.startsWith("/") || name.includes("\0")) return undefined;
  const steps = name.split("/").filter((step) => step !== "" && step !== ".");
  // On Windows the separator and drives mean more than they do in a container.
  if (steps.some((step) => step === ".." || step.includes(sep === "/" ? "/" : sep))) return undefined;
  if (base === ".") return join(root, ...steps);
  return steps[0] === base ? join(root, ...steps.slice(1)) : undefined;
}

async function writeMember({ entry, body }: TarMember, path: string, report: CopyReporter): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Never through a link, never over what came before.
  const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  report.file(entry.name, entry.size);
  try {
    for await (const chunk of body()) {
      await file.writeFile(chunk);
      report.bytes(chunk.length);
    }
  } finally {
    await file.close();
  }
  await settle(path, entry, 0o600);
}

/** Permissions but those of set-user-id and its like, and the time. */
async function settle(path: string, { mode, modifiedAt }: TarEntry, least: number): Promise<void> {
  await chmod(path, (mode & 0o777 & ~process.umask()) | least);
  const seconds = modifiedAt / 1000;
  await utimes(path, seconds, seconds);
}

/** A second name of a file becomes a copy of it. */
async function copyLinked(
  entry: TarEntry,
  path: string,
  original: string | undefined,
  report: CopyReporter,
): Promise<void> {
  const stat = original === undefined ? undefined : await lstat(original).catch(() => undefined);
  if (original === undefined || stat?.isFile() !== true) {
    report.skip(entry.name, `it is a link to ${entry.linkName}, which is not copied`);
    return;
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await copyFile(original, path, constants.COPYFILE_EXCL);
    report.file(entry.name, 0);
  } catch (error) {
    report.skip(entry.name, reasonOf(error));
  }
}

async function makeLink(entry: TarEntry, path: string, root: string, report: CopyReporter): Promise<void> {
  const outside = `it is a link to ${entry.linkName}, outside of what is copied`;
  const target = resolve(dirname(path), entry.linkName);
  // `..` behind another step would climb from wherever that one leads.
  const steps = entry.linkName.split("/").filter((step) => step !== "" && step !== ".");
  const climbs = steps.some((step, index) => step === ".." && steps.slice(0, index).some((before) => before !== ".."));
  const up = relative(root, target).split(sep)[0] === "..";
  if (path === root || isAbsolute(entry.linkName) || up || climbs) {
    report.skip(entry.name, outside);
    return;
  }
  try {
    const parent = dirname(path);
    await mkdir(parent, { recursive: true, mode: 0o700 });
    if ((await realpath(parent)) !== join(await realpath(root), relative(root, parent))) {
      report.skip(entry.name, "it stands behind another link");
      return;
    }
    await symlink(entry.linkName, path);
    report.file(entry.name, 0);
  } catch (error) {
    report.skip(entry.name, reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === "EEXIST") return "the archive holds it twice";
  if (code === "ENOSPC") return "the disk is full";
  return errorMessage(error);
}
