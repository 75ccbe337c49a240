import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { asNumber, asRecords, asString, isRecord } from "../../lib/kube/object.ts";

/** What the node agent must remember of a container beyond the runtime's own state. */
export interface ContainerNote {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  /** Of the spec it was made from: another one means that it must be made anew. */
  readonly specHash: string;
  readonly image: string;
  readonly imageId: string;
  /** `false` until the runtime has it: what an engine that died noted only is made again. */
  readonly made: boolean;
  /** Why it ended where the runtime cannot know: it never started, or its end was not seen. */
  readonly failure?: { readonly reason: string; readonly message: string; readonly at: number };
}

/**
 * The files of one pod: `<root>/pods/<namespace>_<name>_<uid>`, with logs at `<container>/<attempt>.log` and the node
 * agent's own below `.kelpie` (no container can have that name).
 */
export class PodDirectory {
  readonly path: string;

  constructor(root: string, pod: { readonly namespace: string; readonly name: string; readonly uid: string }) {
    this.path = join(root, "pods", `${pod.namespace}_${pod.name}_${pod.uid}`);
  }

  get volumes(): string {
    return join(this.path, ".kelpie", "volumes");
  }

  logFile(container: string, attempt: number): string {
    return join(this.path, container, `${attempt}.log`);
  }

  terminationLog(containerId: string): string {
    return join(this.path, ".kelpie", "termination", containerId);
  }

  prepareLogs(container: string): void {
    mkdirSync(join(this.path, container), { recursive: true, mode: 0o755 });
  }

  prepareTerminationLog(containerId: string): void {
    mkdirSync(join(this.path, ".kelpie", "termination"), { recursive: true, mode: 0o755 });
    // Anyone in the container may write its last words.
    writeFileSync(this.terminationLog(containerId), "", { mode: 0o666 });
  }

  readNotes(): readonly ContainerNote[] {
    let parsed: unknown;
    try {
      parsed = JSON.parse(readFileSync(this.#notesPath(), "utf8"));
    } catch {
      // No container yet, or a file of before a power cut: the runtime's list and the pod's status still tell.
      return [];
    }
    return asRecords(parsed).map(parseNote);
  }

  writeNotes(notes: readonly ContainerNote[]): void {
    mkdirSync(join(this.path, ".kelpie"), { recursive: true, mode: 0o755 });
    const temporary = `${this.#notesPath()}.new`;
    writeFileSync(temporary, JSON.stringify(notes), { mode: 0o600 });
    renameSync(temporary, this.#notesPath());
  }

  /** Deletes the log of one attempt, rotated parts too. */
  async removeLog(container: string, attempt: number): Promise<void> {
    const folder = join(this.path, container);
    const names = await readdir(folder).catch(() => []);
    const own = names.filter((name) => name === `${attempt}.log` || name.startsWith(`${attempt}.log.`));
    await Promise.all(own.map((name) => rm(join(folder, name), { force: true })));
  }

  /** @throws where a file cannot be deleted */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }

  #notesPath(): string {
    return join(this.path, ".kelpie", "containers.json");
  }
}

function parseNote(note: Readonly<Record<string, unknown>>): ContainerNote {
  const read: ContainerNote = {
    id: asString(note["id"]),
    name: asString(note["name"]),
    attempt: asNumber(note["attempt"]),
    specHash: asString(note["specHash"]),
    image: asString(note["image"]),
    imageId: asString(note["imageId"]),
    made: note["made"] !== false,
  };
  const failure = note["failure"];
  if (!isRecord(failure)) return read;
  const { reason, message, at } = failure;
  return { ...read, failure: { reason: asString(reason), message: asString(message), at: asNumber(at) } };
}

/** The pods that have a directory: `{uid, path}` each. */
export async function listPodDirectories(
  root: string,
): Promise<ReadonlyArray<{ readonly uid: string; readonly namespace: string; readonly name: string }>> {
  const names = await readdir(join(root, "pods")).catch(() => []);
  return names.flatMap((entry) => {
    const [namespace, name, uid] = entry.split("_");
    return namespace === undefined || name === undefined || uid === undefined ? [] : [{ namespace, name, uid }];
  });
}
