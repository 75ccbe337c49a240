import { readFileSync } from "node:fs";
import { asNumber, asRecord, asString } from "../../lib/kube/object.ts";
import type { ContainerRuntime, ContainerState } from "../runtimes/runtime.ts";
import { hasEnded, recordOf, type ContainerRecord } from "./container-record.ts";
import { parseCriLine } from "./cri-log.ts";
import type { ContainerNote, PodDirectory } from "./pod-directory.ts";
import { containerStatusIn } from "./pod-status.ts";
import { allContainers, type Pod, type PodContainer } from "./pod.ts";

/** Upstream's limits of a termination message: from a file, and from the end of a log. */
const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_MESSAGE_BYTES = 2048;
const MAX_LOG_MESSAGE_LINES = 80;

/** The made containers of one pod, in memory and in its directory. */
export class PodContainers {
  readonly #directory: PodDirectory;
  /** By container name, oldest first. */
  readonly #records = new Map<string, ContainerRecord[]>();

  constructor(directory: PodDirectory) {
    this.#directory = directory;
  }

  get all(): readonly ContainerRecord[] {
    return Array.from(this.#records.values()).flat();
  }

  get running(): readonly ContainerRecord[] {
    return this.all.filter(({ phase }) => phase === "running");
  }

  latest(name: string): ContainerRecord | undefined {
    return this.#records.get(name)?.at(-1);
  }

  previous(name: string): ContainerRecord | undefined {
    return this.#records.get(name)?.at(-2);
  }

  /** Takes over what an earlier engine made. A container that was never started is left out: it is made again. */
  adopt(pod: Pod, states: readonly ContainerState[]): void {
    const notes = new Map(this.#directory.readNotes().map((note) => [note.id, note]));
    for (const state of states) {
      if (notes.has(state.id)) continue;
      const container = allContainers(pod).find(({ name }) => name === state.name);
      if (container === undefined) continue;
      const { id, name, attempt } = state;
      notes.set(id, { id, name, attempt, specHash: "", image: container.image, imageId: "", made: true });
    }
    const byId = new Map(states.map((state) => [state.id, state]));
    for (const note of notes.values()) {
      const state = byId.get(note.id) ?? endInStatus(pod.status, note);
      if (state === undefined && !note.made && note.failure === undefined) continue;
      const record = recordOf(note, state);
      if (record.phase !== "created") this.#insert(this.#withMessage(record, pod));
    }
  }

  add(note: ContainerNote): void {
    this.#insert(
      recordOf(note, { id: note.id, sandboxId: "", name: note.name, attempt: note.attempt, state: "created" }),
    );
    this.#save();
  }

  /** The runtime has it now. */
  made(id: string): void {
    const record = this.all.find((candidate) => candidate.id === id);
    if (record === undefined) return;
    this.#replace({ ...record, made: true });
    this.#save();
  }

  /** What the runtime says of a container. Never turns an ended one back into a running one. */
  apply(pod: Pod, state: ContainerState): void {
    const record = this.all.find(({ id }) => id === state.id);
    if (record === undefined || hasEnded(record)) return;
    this.#replace(this.#withMessage(recordOf(record, state), pod));
  }

  /** It could not be started. */
  fail(id: string, failure: NonNullable<ContainerNote["failure"]>): void {
    const record = this.all.find((candidate) => candidate.id === id);
    if (record === undefined) return;
    this.#replace(recordOf({ ...record, failure }, undefined));
    this.#save();
  }

  /** Forgets a container that was noted but not made. */
  drop(id: string): void {
    for (const [name, list] of this.#records) {
      this.#records.set(
        name,
        list.filter((record) => record.id !== id),
      );
    }
    this.#save();
  }

  /** Removes all but the newest and the one before it, whose log is `kubectl logs --previous`. */
  async prune(name: string, runtime: ContainerRuntime): Promise<void> {
    const list = this.#records.get(name) ?? [];
    const old = list.slice(0, -2);
    if (old.length === 0) return;
    this.#records.set(name, list.slice(-2));
    this.#save();
    for (const record of old) {
      await runtime.remove(record.id);
      await this.#directory.removeLog(record.name, record.attempt);
    }
  }

  #insert(record: ContainerRecord): void {
    const list = [...(this.#records.get(record.name) ?? []), record];
    this.#records.set(
      record.name,
      list.sort((a, b) => a.attempt - b.attempt),
    );
  }

  #replace(record: ContainerRecord): void {
    const list = this.#records.get(record.name) ?? [];
    this.#records.set(
      record.name,
      list.map((candidate) => (candidate.id === record.id ? record : candidate)),
    );
  }

  #save(): void {
    const notes = this.all.map(({ id, name, attempt, specHash, image, imageId, made, failure }): ContainerNote => ({
      id,
      name,
      attempt,
      specHash,
      image,
      imageId,
      made,
      ...(failure === undefined ? {} : { failure }),
    }));
    this.#directory.writeNotes(notes);
  }

  #withMessage(record: ContainerRecord, pod: Pod): ContainerRecord {
    if (record.phase !== "exited" || record.failure !== undefined) return record;
    const container = allContainers(pod).find(({ name }) => name === record.name);
    const message = container === undefined ? "" : this.#terminationMessage(record, container);
    return message === "" ? record : { ...record, terminationMessage: message };
  }

  #terminationMessage(record: ContainerRecord, container: PodContainer): string {
    const written = readEnd(this.#directory.terminationLog(record.id), MAX_MESSAGE_BYTES);
    if (written.length > 0) return written.toString("utf8");
    if (container.terminationMessagePolicy !== "FallbackToLogsOnError" || record.exitCode === 0) return "";
    const log = readEnd(this.#directory.logFile(record.name, record.attempt), 8 * MAX_LOG_MESSAGE_BYTES);
    return logMessage(log);
  }
}

/** The end of a container as the pod's status tells it, for one that the runtime has forgotten. */
function endInStatus(status: Readonly<Record<string, unknown>>, note: ContainerNote): ContainerState | undefined {
  const own = containerStatusIn(status, note.name) ?? {};
  const ends = ["state", "lastState"].map((field) => asRecord(asRecord(own[field])["terminated"]));
  const end = ends.find((terminated) => terminated["containerID"] === `kelpie://${note.id}`);
  if (end === undefined || end["reason"] === "ContainerStatusUnknown") return undefined;
  const startedAt = Date.parse(asString(end["startedAt"]));
  const finishedAt = Date.parse(asString(end["finishedAt"]));
  return {
    id: note.id,
    sandboxId: "",
    name: note.name,
    attempt: note.attempt,
    state: "exited",
    exitCode: asNumber(end["exitCode"], 137),
    oomKilled: end["reason"] === "OOMKilled",
    ...(Number.isNaN(startedAt) ? {} : { startedAt }),
    ...(Number.isNaN(finishedAt) ? {} : { finishedAt }),
  };
}

function readEnd(path: string, bytes: number): Buffer {
  try {
    return readFileSync(path).subarray(-bytes);
  } catch {
    // Never made, or already removed: no last words.
    return Buffer.alloc(0);
  }
}

function logMessage(log: Buffer): string {
  const text = log
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const entry = parseCriLine(Buffer.from(line));
      return entry === undefined ? [] : [entry.text.toString("utf8")];
    })
    .slice(-MAX_LOG_MESSAGE_LINES)
    .join("\n");
  return text.slice(-MAX_LOG_MESSAGE_BYTES);
}
