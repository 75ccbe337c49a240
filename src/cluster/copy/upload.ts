import { randomBytes } from "node:crypto";
import { lstat, open, readdir, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Writable } from "node:stream";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { ARCHIVE_END, formatHeader, paddingOf, type TarType } from "../../lib/tar/header.ts";
import type { CopyReporter } from "./copy-reporter.ts";
import {
  firstLines,
  firstOf,
  NoProgramError,
  openCommand,
  runInContainer,
  type ContainerPlace,
  type RunningCommand,
} from "./run-in-container.ts";

/** A file, folder or link of this machine. */
export interface LocalFile {
  readonly path: string;
  /** Below the root, with slashes; empty for the root itself. */
  readonly name: string;
  readonly type: Exclude<TarType, "hardlink" | "other">;
  readonly size: number;
  readonly mode: number;
  readonly modifiedAt: number;
  readonly linkName: string;
}

/** A path of a container. */
export type RemoteKind = "directory" | "file" | "absent";

const CHUNK_BYTES = 64 * 1024;

/**
 * Everything below a path, parents first. A link at the top is followed, those below stay links; what is no file is left
 * out and reported.
 * @throws KelpieError where the path itself cannot be read
 */
export async function listLocal(path: string, report: Pick<CopyReporter, "skip">): Promise<readonly LocalFile[]> {
  const found: LocalFile[] = [];
  const walk = async (at: string, name: string): Promise<void> => {
    const about = name === "" ? await stat(at) : await lstat(at);
    const common = { path: at, name, mode: about.mode & 0o777, modifiedAt: about.mtimeMs, linkName: "" };
    if (about.isDirectory()) {
      found.push({ ...common, type: "directory", size: 0 });
      for (const entry of (await readdir(at)).toSorted()) {
        await walk(join(at, entry), name === "" ? entry : `${name}/${entry}`);
      }
    } else if (about.isFile()) found.push({ ...common, type: "file", size: about.size });
    else if (about.isSymbolicLink()) found.push({ ...common, type: "symlink", size: 0, linkName: await readlink(at) });
    else report.skip(at, "it is a device, a pipe or a socket");
  };
  try {
    await walk(path, "");
  } catch (error) {
    throw new KelpieError(`${path} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  return found;
}

/** What stands at a path; `absent` also where the container has no way to tell. */
export async function remoteKind(place: ContainerPlace, path: string, signal: AbortSignal): Promise<RemoteKind> {
  try {
    if ((await runInContainer(place, ["test", "-d", path], signal)).code === 0) return "directory";
    return (await runInContainer(place, ["test", "-e", path], signal)).code === 0 ? "file" : "absent";
  } catch (error) {
    if (error instanceof NoProgramError) return "absent";
    throw error;
  }
}

/**
 * Copies files to a path of a container, by tar, or a single one by a shell or dd where there is no tar. What is not
 * there yet is written under another name and renamed when it is whole; a folder that is there is filled.
 * @throws KelpieError with the container's words; the signal's reason
 */
export async function upload(
  place: ContainerPlace,
  files: readonly LocalFile[],
  remote: string,
  existing: RemoteKind,
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  const [root] = files;
  if (root === undefined) return;
  const path = posix.normalize(remote).replace(/(.)\/$/, "$1");
  const [directory, name] = [posix.dirname(path), posix.basename(path)];
  const merges = existing === "directory" && root.type === "directory";
  const part = merges ? name : `.${name}.kelpie-${randomBytes(4).toString("hex")}`;
  const partPath = posix.join(directory, part);
  try {
    try {
      await byTar(place, files, directory, part, report, signal);
    } catch (error) {
      if (!(error instanceof NoProgramError)) throw error;
      await byShell(place, root, partPath, report, signal);
    }
    if (merges) return;
    const moved = await runInContainer(place, ["mv", "-f", "--", partPath, path], signal);
    if (moved.code !== 0) throw new KelpieError(`it was not renamed to ${path}: ${firstLines(moved.stderr)}`);
  } catch (error) {
    if (merges) report.left(`what was copied before stays in ${path}`);
    else if (!(await removed(place, partPath))) report.left(`${partPath} may be left in the container`);
    signal.throwIfAborted();
    throw error;
  }
}

/** The signal may have ended what was running; cleaning up must still happen. */
async function removed(place: ContainerPlace, path: string): Promise<boolean> {
  try {
    return (await runInContainer(place, ["rm", "-rf", "--", path], NEVER)).code === 0;
  } catch {
    return false;
  }
}

const ignored = (): void => undefined;
const NEVER = new AbortController().signal;

async function byTar(
  place: ContainerPlace,
  files: readonly LocalFile[],
  directory: string,
  rootName: string,
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  const headers = files.map((file) => {
    const name = file.name === "" ? rootName : `${rootName}/${file.name}`;
    return formatHeader({ ...file, name: file.type === "directory" ? `${name}/` : name });
  });
  const size = files.reduce(
    (sum, file, at) => sum + (headers[at]?.length ?? 0) + file.size + paddingOf(file.size).length,
    0,
  );
  const running = await openTar(place, directory, size + ARCHIVE_END.length, signal);
  await feed(running, "tar", async (out) => {
    for (const [at, file] of files.entries()) {
      await write(out, headers[at] ?? Buffer.alloc(0));
      if (file.type !== "directory") report.file(file.path, file.size);
      if (file.type !== "file") continue;
      await sendBody(out, file, report);
      await write(out, paddingOf(file.size));
    }
    await write(out, ARCHIVE_END);
  });
}

/** Where the end of input cannot be told, `head` tells it: tar reads on behind the archive. */
async function openTar(
  place: ContainerPlace,
  directory: string,
  bytes: number,
  signal: AbortSignal,
): Promise<RunningCommand> {
  const options = { stdin: true, signal };
  const tar = ["tar", "xmf", "-", "-C", directory];
  const running = await openCommand(place, tar, options);
  if (running.endsInput) return running;
  running.close();
  const counted = 'head -c "$1" | tar xmf - -C "$2"';
  return openCommand(place, ["sh", "-c", counted, "sh", String(bytes), directory], options);
}

async function byShell(
  place: ContainerPlace,
  file: LocalFile,
  path: string,
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  if (file.type !== "file") {
    throw new KelpieError("the container has no tar", { hint: "Without it only single files can be copied." });
  }
  const body = async (out: Writable): Promise<void> => {
    report.file(file.path, file.size);
    await sendBody(out, file, report);
  };
  const options = { stdin: true, signal };
  try {
    const script = ["sh", "-c", 'head -c "$1" >"$2"', "sh", String(file.size), path];
    await feed(await openCommand(place, script, options), "sh", body);
  } catch (error) {
    if (!(error instanceof NoProgramError)) throw error;
    try {
      await feed(await openCommand(place, ["dd", `of=${path}`], options), "dd", body);
    } catch (last) {
      if (!(last instanceof NoProgramError)) throw last;
      throw new KelpieError("the container has neither tar nor a shell nor dd: nothing can be copied into it", {
        hint: "A debug container (b) that shares its processes sees its files below /proc/1/root.",
        cause: last,
      });
    }
  }
}

/** Writes to a command until it has everything or ends, and checks how it ended. */
async function feed(running: RunningCommand, program: string, body: (out: Writable) => Promise<void>): Promise<void> {
  const { stream, exited, complaints } = running;
  stream.resume();
  // It may end while it is written to: then its exit tells why, not the write.
  const writing = body(stream).then(
    () => void stream.end(),
    async (error: unknown) => {
      running.close();
      throw error;
    },
  );
  const code = await Promise.race([exited, writing.then(() => exited)]);
  if (code !== 0) {
    writing.catch(ignored);
    const words = firstLines(complaints());
    throw new KelpieError(`${program} ended with exit code ${code}${words === "" ? "" : `: ${words}`}`);
  }
  await writing;
}

/** Exactly as many bytes as the header has told, whatever becomes of the file meanwhile. */
async function sendBody(out: Writable, { path, size }: LocalFile, report: CopyReporter): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let sent = 0; sent < size;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(CHUNK_BYTES, size - sent)));
      if (bytesRead === 0) throw new KelpieError(`${path} became shorter while it was read`);
      await write(out, buffer.subarray(0, bytesRead));
      sent += bytesRead;
      report.bytes(bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function write(out: Writable, bytes: Buffer): Promise<void> {
  if (out.destroyed || out.writableEnded) throw new KelpieError("the command has ended");
  if (bytes.length > 0 && !out.write(bytes)) await firstOf(out, ["drain", "close"]);
}
