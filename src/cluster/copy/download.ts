import { randomBytes } from "node:crypto";
import { lstat, mkdtemp, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { posix } from "node:path";
import { KelpieError } from "../../lib/errors.ts";
import type { CopyReporter } from "./copy-reporter.ts";
import { TarError } from "../../lib/tar/read-tar.ts";
import { extractTar } from "./extract-tar.ts";
import {
  firstLines,
  NoProgramError,
  openCommand,
  runInContainer,
  type ContainerPlace,
  type RunningCommand,
} from "./run-in-container.ts";

/** Exit code 1 of tar with these alone: a file grew or went while it was read, all else is there. */
const CHANGED = /file changed as we read it|file removed before we read it|file shrank/;

/**
 * Copies a file or a folder of a container to a path of this machine, by tar, or a single file by cat where there is no
 * tar. It is written under another name beside it and renamed when it is whole, so that nothing is ever half there.
 * @param local `replaces`: the user has agreed that a file there goes
 * @throws KelpieError with the container's words; the signal's reason
 */
export async function download(
  place: ContainerPlace,
  remote: string,
  local: { readonly path: string; readonly replaces: boolean },
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  const target = resolve(local.path);
  const real = await realPath(place, remote, signal);
  const hidden = await mkdtemp(join(dirname(target), `.${basename(target)}.kelpie-`));
  try {
    const part = join(hidden, randomBytes(4).toString("hex"));
    try {
      await byTar(place, real, part, report, signal);
    } catch (error) {
      if (!(error instanceof NoProgramError)) throw error;
      await byCat(place, real, part, report, signal);
    }
    signal.throwIfAborted();
    if ((await lstat(part).catch(() => undefined)) === undefined)
      throw new KelpieError(`nothing of ${remote} can be copied`);
    const taken = (await lstat(target).catch(() => undefined)) !== undefined;
    if (taken && !local.replaces) throw new KelpieError(`${target} came into being meanwhile and is not replaced`);
    await rename(part, target);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await rm(hidden, { recursive: true, force: true });
  }
}

/** Where a link leads; the path itself where the container cannot tell. */
async function realPath(place: ContainerPlace, path: string, signal: AbortSignal): Promise<string> {
  try {
    const { code, stdout } = await runInContainer(place, ["readlink", "-f", path], signal);
    return code === 0 && stdout.startsWith("/") ? stdout : path;
  } catch (error) {
    if (error instanceof NoProgramError) return path;
    throw error;
  }
}

async function byTar(
  place: ContainerPlace,
  path: string,
  part: string,
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  const name = posix.basename(path) || ".";
  const command = ["tar", "cf", "-", "-C", posix.dirname(path), name === "." ? "." : `./${name}`];
  const running = await openCommand(place, command, { stdin: false, signal });
  try {
    await extractTar(running.stream, name, part, report);
  } catch (error) {
    // What tar says of itself tells more than what is wrong with its archive. A fault on this side ends it.
    if (error instanceof TarError && running.stream.readableEnded) await checkExit(running, "tar", path, error);
    throw error;
  } finally {
    if (!running.stream.readableEnded) running.close();
  }
  await checkExit(running, "tar", path, undefined);
}

async function byCat(
  place: ContainerPlace,
  path: string,
  part: string,
  report: CopyReporter,
  signal: AbortSignal,
): Promise<void> {
  let running: RunningCommand | undefined;
  const file = await open(part, "wx", 0o600);
  try {
    running = await openCommand(place, ["cat", path], { stdin: false, signal });
    report.file(path, 0);
    for await (const chunk of running.stream) {
      const bytes = Buffer.from(chunk);
      await file.writeFile(bytes);
      report.bytes(bytes.length);
    }
    await checkExit(running, "cat", path, undefined);
  } catch (error) {
    running?.close();
    if (!(error instanceof NoProgramError)) throw error;
    throw new KelpieError("the container has neither tar nor cat: nothing can be copied out of it", {
      hint: "A debug container (b) that shares its processes sees its files below /proc/1/root.",
      cause: error,
    });
  } finally {
    await file.close();
  }
}

async function checkExit(running: RunningCommand, program: string, path: string, fault: unknown): Promise<void> {
  const code = await running.exited;
  if (code === 0) return;
  const words = running.complaints();
  const harmless =
    words !== "" && words.split("\n").every((line) => CHANGED.test(line) || line.startsWith("tar: Exiting"));
  if (code === 1 && harmless && fault === undefined) return;
  const why = words === "" ? "" : `: ${firstLines(words)}`;
  const folder = program === "cat" && /is a directory/i.test(words);
  throw new KelpieError(
    folder ? `${path} is a folder, and the container has no tar` : `${program} ended with exit code ${code}${why}`,
    folder ? { hint: "Without tar only single files can be copied." } : {},
  );
}
