import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode, KelpieError } from "../../lib/errors.ts";

/** A text on disk while an editor has it. Only its owner can read it: it may hold secrets. */
export interface EditFile {
  readonly path: string;
  write(text: string): Promise<void>;
  read(): Promise<string>;
  remove(): Promise<void>;
}

export async function createEditFile(name: string): Promise<EditFile> {
  const directory = await mkdtemp(join(tmpdir(), "kelpie-edit-"));
  const path = join(directory, fileName(name));
  return {
    path,
    write: (text) => writeFile(path, text, { mode: 0o600 }),
    read: () => readFile(path, "utf8"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Keeps a text that was refused, beside earlier ones of its name. @returns where: a short path fits on a line */
export async function keepEdit(stateDirectory: string, name: string, text: string): Promise<string> {
  const directory = join(stateDirectory, "edits");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (let number = 1; ; number += 1) {
    const path = join(directory, fileName(name, number === 1 ? "" : `~${number}`));
    try {
      await writeFile(path, text, { mode: 0o600, flag: "wx" });
      return path;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

/** Removes the texts that were kept under a name. @returns how many there were */
export async function removeKept(stateDirectory: string, name: string): Promise<number> {
  const directory = join(stateDirectory, "edits");
  const files = await readdir(directory).catch(() => []);
  const kept = files.filter((file) => file.replace(/~\d+\.yaml$/, ".yaml") === fileName(name));
  for (const file of kept) await rm(join(directory, file), { force: true });
  return kept.length;
}

function fileName(name: string, number = ""): string {
  return `${name.replaceAll(/[^A-Za-z0-9._-]/g, "_")}${number}.yaml`;
}

/** The editor as kubectl chooses it: `KUBE_EDITOR`, `EDITOR`, `vi`. It may hold arguments. */
export function editorCommand(env: Readonly<Record<string, string | undefined>>): string {
  return env["KUBE_EDITOR"] || env["EDITOR"] || "vi";
}

/**
 * Runs the editor on a file until it ends, on our terminal.
 * @throws KelpieError where it cannot be started or fails
 */
export function runEditor(
  command: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Through a shell, as git and kubectl do: the variable may hold arguments and quotes.
    const child = spawn("sh", ["-c", `${command} "$1"`, "sh", path], { stdio: "inherit", env: { ...env } });
    const hint = "set KUBE_EDITOR or EDITOR to an editor that waits until the file is closed";
    child.once("error", (cause) => reject(new KelpieError(`the editor "${command}" did not start`, { hint, cause })));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else if (code === 127) reject(new KelpieError(`the editor "${command}" was not found`, { hint }));
      else
        reject(new KelpieError(`the editor "${command}" ended with ${signal ?? `exit code ${code ?? 0}`}`, { hint }));
    });
  });
}
