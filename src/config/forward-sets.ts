import { mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, errorMessage, KelpieError } from "../lib/errors.ts";
import { EditableYaml, parseLocatedYaml } from "../lib/yaml.ts";

/** A port-forward as it is kept: by names, so that it outlives what it was made of. */
export interface SavedForward {
  /** `deployment/web`, `service/api`, `pod/db-0`, `rollouts.argoproj.io/web`. */
  readonly target: string;
  readonly namespace: string;
  readonly port: number | string;
  /** On this machine; 0 takes a free one. */
  readonly local: number;
}

/** Sets by context and name. */
export type ForwardSetFile = Readonly<Record<string, Readonly<Record<string, readonly SavedForward[]>>>>;

/** What a set may be called: one word of the prompt. */
export const SET_NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

const HEADER = "# Sets of port-forwards by context; `:pf <set>` opens one.\n";

/**
 * Reads the sets. No file is no fault.
 * @throws KelpieError `<file>:<line>: <path>: <fault>` for the first fault
 */
export async function readForwardSets(file: string): Promise<ForwardSetFile> {
  const text = await readText(file);
  if (text === undefined) return {};
  const document = parseLocatedYaml(text, file);
  const { forwardSetsSchema } = await import("./forward-sets-schema.ts");
  const parsed = forwardSetsSchema.safeParse(document.value ?? {});
  if (parsed.success) return parsed.data.contexts;
  const [issue] = parsed.error.issues;
  const path = [
    ...(issue?.path ?? []).map(String),
    ...(issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : []),
  ];
  const what = issue?.code === "unrecognized_keys" ? "unknown field" : (issue?.message ?? "invalid");
  throw new KelpieError(`${file}:${document.lineOf(path)}: ${path.join(".")}: ${what}`);
}

/**
 * Writes one set, or removes it where `forwards` is empty; the rest of the file stays as it is, comments included.
 * @throws KelpieError where the file has a fault or cannot be written
 */
export async function writeForwardSet(
  file: string,
  context: string,
  set: string,
  forwards: readonly SavedForward[],
): Promise<void> {
  // A file with a fault is not written over.
  const before = await readForwardSets(file);
  await editFile(file, (document) => {
    if (forwards.length > 0) document.set(["contexts", context, set], forwards);
    else if (Object.keys(before[context] ?? {}).every((name) => name === set)) document.delete(["contexts", context]);
    else document.delete(["contexts", context, set]);
  });
}

/** Gives the sets of a context to another name of it. @returns whether there were any. @throws KelpieError */
export async function renameForwardSets(file: string, from: string, to: string): Promise<boolean> {
  const before = await readForwardSets(file);
  if (before[from] === undefined || before[to] !== undefined) return false;
  await editFile(file, (document) => document.renameKey(["contexts", from], to));
  return true;
}

async function editFile(file: string, change: (document: EditableYaml) => void): Promise<void> {
  try {
    const document = new EditableYaml((await readText(file)) ?? HEADER, file);
    change(document);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const path = await realpath(file).catch(() => file);
    await writeFile(`${path}.new`, document.toString(), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new KelpieError(`cannot write ${file}: ${errorMessage(error)}`, { cause: error });
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new KelpieError(`cannot read ${file}: ${errorMessage(error)}`, { cause: error });
  }
}
