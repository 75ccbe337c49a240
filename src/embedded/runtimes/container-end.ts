import { join } from "node:path";
import { asNumber, asString, isRecord } from "../../lib/kube/object.ts";
import { readText, writeAtomically, type ObservedContainer } from "./container-files.ts";
import type { ContainerState } from "./runtime.ts";

/** What is kept of an end; where it is on disk, the end has been told and the log is complete. */
export type Finished = Pick<ContainerState, "state" | "exitCode" | "finishedAt" | "oomKilled" | "startError">;

export function readFinished(directory: string): Finished | undefined {
  const text = readText(join(directory, "finished.json"));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) return undefined;
  const startError = asString(value["startError"]);
  return {
    state: value["state"] === "exited" ? "exited" : "unknown",
    exitCode: asNumber(value["exitCode"], 137),
    finishedAt: asNumber(value["finishedAt"]),
    ...(value["oomKilled"] === true ? { oomKilled: true } : {}),
    ...(startError === "" ? {} : { startError }),
  };
}

export function writeFinished(directory: string, finished: Finished): void {
  writeAtomically(join(directory, "finished.json"), JSON.stringify(finished));
}

/**
 * The last program of the chain (setpriv, unshare, sh, env) says on the container's stderr that it could not run the
 * command. Upstream calls that a start error, not an exit.
 */
export function failedCommand(directory: string, observed: ObservedContainer): string | undefined {
  if (observed.exitCode !== 127 && observed.exitCode !== 126) return undefined;
  const said = (readText(join(directory, "stderr")) ?? "").trim();
  const match = /^\S*(?:unshare|setpriv|env): (?:failed to execute )?[‘'"]?([^\n]*?)[’'"]?: ([^:\n]+)$/.exec(said);
  if (match === null) return undefined;
  const [, program = "", reason = ""] = match;
  const why = reason.charAt(0).toLowerCase() + reason.slice(1);
  return program.includes("/")
    ? `exec: "${program}": stat ${program}: ${why}`
    : `exec: "${program}": executable file not found in $PATH`;
}
