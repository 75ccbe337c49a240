import type { ContainerState } from "../runtimes/runtime.ts";
import type { ContainerNote } from "./pod-directory.ts";

/** One made container of a pod: what the node agent noted and what the runtime says. */
export interface ContainerRecord extends ContainerNote {
  /** `lost`: the runtime no longer knows it, or not how it ended. */
  readonly phase: "created" | "running" | "exited" | "lost";
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Its last words (`terminationMessagePath`), or the end of its log. */
  readonly terminationMessage?: string;
}

/** `note` with what the runtime says; `undefined`: the runtime does not know the container. */
export function recordOf(note: ContainerNote, state: ContainerState | undefined): ContainerRecord {
  if (note.failure !== undefined) {
    return { ...note, phase: "exited", exitCode: 128, finishedAt: note.failure.at };
  }
  if (state?.startError !== undefined) {
    const failure = { reason: "StartError", message: state.startError, at: state.finishedAt ?? 0 };
    return recordOf({ ...note, failure }, undefined);
  }
  if (state === undefined) return { ...note, phase: "lost" };
  return {
    ...note,
    phase: state.state === "unknown" ? "lost" : state.state,
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    ...(state.finishedAt === undefined ? {} : { finishedAt: state.finishedAt }),
    ...(state.exitCode === undefined ? {} : { exitCode: state.exitCode }),
    ...(state.oomKilled === undefined ? {} : { oomKilled: state.oomKilled }),
  };
}

/** It has ended, however. */
export function hasEnded(record: ContainerRecord): boolean {
  return record.phase === "exited" || record.phase === "lost";
}

/** The exit code to judge by: an unseen end counts as killed. */
export function exitCodeOf(record: ContainerRecord): number {
  return record.phase === "lost" ? 137 : (record.exitCode ?? 137);
}
