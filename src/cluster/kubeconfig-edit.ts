import { isDeepStrictEqual } from "node:util";
import { constants } from "node:fs";
import { copyFile, open, readdir, readFile, realpath, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, errorMessage } from "../lib/errors.ts";
import { asRecord } from "../lib/kube/object.ts";
import { EditableYaml } from "../lib/yaml.ts";
import type { ContextChange } from "./cluster.ts";
import { KubeconfigError, parseKubeconfig, type Kubeconfig } from "./kubeconfig.ts";

type Parsed = Omit<Kubeconfig, "files" | "currentContextFile">;

/** A change of one file: of its text, and of what the text means. The two must agree before anything is written. */
interface FileChange {
  apply(document: EditableYaml): void;
  expect(before: Parsed): Parsed;
}

/** Backups that stay beside a kubeconfig. */
const BACKUPS = 5;

/**
 * Writes a change of a context to the files that define what it touches.
 * @param now milliseconds since the epoch, for the names of backups
 * @returns the backups
 */
export async function changeContext(
  config: Kubeconfig,
  change: ContextChange,
  now: number,
): Promise<readonly string[]> {
  const backups: string[] = [];
  for (const [file, changes] of fileChanges(config, change)) backups.push(await editFile(file, changes, now));
  return backups;
}

/** @throws KubeconfigError where there is no such context, or the new name is taken */
function fileChanges(config: Kubeconfig, change: ContextChange): ReadonlyMap<string, readonly FileChange[]> {
  const { context } = change;
  const found = config.contexts.get(context);
  if (found?.file === undefined) {
    throw new KubeconfigError(`there is no context "${context}" in a file that could be changed`);
  }
  const files = new Map<string, FileChange[]>();
  const add = (file: string | undefined, fileChange: FileChange): void => {
    if (file !== undefined) files.set(file, [...(files.get(file) ?? []), fileChange]);
  };
  const current = config.currentContext === context ? config.currentContextFile : undefined;
  if (change.type === "namespace") add(found.file, setNamespace(context, change.namespace));
  else if (change.type === "rename") {
    if (config.contexts.has(change.to)) throw new KubeconfigError(`there is a context "${change.to}" already`);
    add(found.file, renameEntry(context, change.to));
    if (current !== undefined) add(current, setCurrent(change.to));
  } else {
    add(found.file, removeEntry("contexts", context));
    if (change.cluster) {
      add(config.clusters.get(found.cluster)?.file, removeEntry("clusters", found.cluster));
    }
    if (change.user) add(config.users.get(found.user)?.file, removeEntry("users", found.user));
    if (current !== undefined) add(current, setCurrent(""));
  }
  return files;
}

function setCurrent(name: string): FileChange {
  return {
    apply: (document) => document.set(["current-context"], name),
    expect: (before) => ({ ...before, currentContext: name }),
  };
}

function setNamespace(context: string, namespace: string): FileChange {
  return {
    apply: (document) => document.set([...placeOf(document, "contexts", context), "context", "namespace"], namespace),
    expect: (before) => ({ ...before, contexts: changed(before.contexts, context, (one) => ({ ...one, namespace })) }),
  };
}

function renameEntry(context: string, to: string): FileChange {
  return {
    apply: (document) => document.set([...placeOf(document, "contexts", context), "name"], to),
    expect: (before) => ({
      ...before,
      contexts: new Map(
        [...before.contexts].map(([name, one]) => (name === context ? [to, { ...one, name: to }] : [name, one])),
      ),
    }),
  };
}

function removeEntry(list: "contexts" | "clusters" | "users", name: string): FileChange {
  return {
    apply: (document) => document.delete(placeOf(document, list, name)),
    expect(before) {
      const { contexts, clusters, users } = before;
      return {
        ...before,
        contexts: list === "contexts" ? without(contexts, name) : contexts,
        clusters: list === "clusters" ? without(clusters, name) : clusters,
        users: list === "users" ? without(users, name) : users,
      };
    },
  };
}

function without<T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([key]) => key !== name));
}

function placeOf(document: EditableYaml, list: string, name: string): readonly [string, number] {
  const index = document.indexOfName(list, name);
  if (index === -1) {
    throw new KubeconfigError(`${list} has no "${name}" any more: the file was changed meanwhile`, {
      hint: "look at the list again",
    });
  }
  return [list, index];
}

function changed<T>(map: ReadonlyMap<string, T>, name: string, change: (value: T) => T): ReadonlyMap<string, T> {
  return new Map([...map].map(([key, value]) => [key, key === name ? change(value) : value]));
}

/**
 * Writes renewed tokens of an auth provider to the kubeconfig, where kubectl looks for them. Without a backup: it would
 * hold tokens.
 */
export async function changeAuthProvider(
  file: string,
  user: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const change: FileChange = {
    apply(document) {
      const place = placeOf(document, "users", user);
      for (const [key, value] of Object.entries(config)) {
        document.set([...place, "user", "auth-provider", "config", key], value);
      }
    },
    expect: (before) => ({
      ...before,
      users: changed(before.users, user, (one) => ({
        ...one,
        authProvider: { ...one.authProvider, config: { ...asRecord(one.authProvider?.["config"]), ...config } },
      })),
    }),
  };
  await editFile(file, [change], undefined);
}

/** @returns the backup, `""` where `now` is not given and there is none */
async function editFile(file: string, changes: readonly FileChange[], now: number | undefined): Promise<string> {
  const unlock = await lock(file);
  try {
    // A link stays one: what it leads to is written.
    const path = await realpath(file);
    const text = await readFile(path, "utf8");
    const next = changedText(text, file, changes);
    const { mode } = await stat(path);
    const backup = now === undefined ? "" : await backUp(path, now);
    await writeWhole(path, next, mode & 0o777);
    return backup;
  } catch (error) {
    if (error instanceof KubeconfigError) throw error;
    throw new KubeconfigError(`the kubeconfig ${file} was not changed: ${errorMessage(error)}`, { cause: error });
  } finally {
    await unlock();
  }
}

/** @throws KubeconfigError where the new text would mean anything else than what was asked for */
function changedText(text: string, file: string, changes: readonly FileChange[]): string {
  const document = new EditableYaml(text, file);
  let expected: Parsed = parseKubeconfig(text, file);
  for (const change of changes) {
    change.apply(document);
    expected = change.expect(expected);
  }
  const next = document.toString();
  if (!isDeepStrictEqual(parseKubeconfig(next, file), expected)) {
    throw new KubeconfigError(
      `the kubeconfig ${file} was not changed: the change would touch more than was asked for`,
      {
        hint: "entries of one name, anchors or aliases are in the way: change it with an editor",
      },
    );
  }
  return next;
}

/** The lock that client-go takes, too: a file that only one can make. */
async function lock(file: string): Promise<() => Promise<void>> {
  const path = `${file}.lock`;
  try {
    const handle = await open(path, "wx", 0o600);
    await handle.close();
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      throw new KubeconfigError(`the kubeconfig ${file} is locked by another program`, {
        hint: `try again; where none runs, remove ${path}`,
      });
    }
    throw new KubeconfigError(`the kubeconfig ${file} cannot be changed: ${errorMessage(error)}`, { cause: error });
  }
  return async () => {
    await rm(path, { force: true });
  };
}

async function backUp(path: string, now: number): Promise<string> {
  const prefix = `${basename(path)}.kelpie-`;
  const time = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  const backup = join(dirname(path), `${prefix}${time}.bak`);
  await copyFile(path, backup, constants.COPYFILE_EXCL);
  const all = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix) && name.endsWith(".bak"));
  for (const old of all.toSorted().slice(0, -BACKUPS)) await unlink(join(dirname(path), old));
  return backup;
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.kelpie-new`;
  try {
    await rm(temporary, { force: true });
    const handle = await open(temporary, "wx", mode);
    try {
      // The umask does not apply: the mode is that of the file that is replaced.
      await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
