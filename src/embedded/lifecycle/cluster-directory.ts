import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../../lib/errors.ts";
import { asNumber, asRecord, asString } from "../../lib/kube/object.ts";

/** Files of one cluster below `<home>/clusters/<name>`. */
export interface ClusterDirectory {
  readonly name: string;
  readonly path: string;
  readonly lockFile: string;
  readonly stateFile: string;
  readonly logFile: string;
  readonly kubeconfigFile: string;
}

/** What the daemon says of itself in `engine.json`. */
export interface EngineState {
  readonly pid: number;
  /** From /proc: tells this process from a later one with the same number; `""` where there is no /proc. */
  readonly startTime: string;
  readonly port: number;
  readonly version: string;
  /** Why the node cannot run pods. */
  readonly nodeProblem?: string;
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

/** @throws UsageError for a name that is not a DNS label of at most 40 characters */
export function clusterDirectory(home: string, name: string): ClusterDirectory {
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" cannot be the name of a cluster`, {
      hint: "use lower-case letters, digits and dashes, at most 40",
    });
  }
  return directoryAt(join(home, "clusters", name), name);
}

export function directoryAt(path: string, name: string): ClusterDirectory {
  return {
    name,
    path,
    lockFile: join(path, "engine.lock"),
    stateFile: join(path, "engine.json"),
    logFile: join(path, "engine.log"),
    kubeconfigFile: join(path, "kubeconfig"),
  };
}

/** As last written; the process may be gone. */
export function readEngineState(directory: ClusterDirectory): EngineState | undefined {
  try {
    const state = asRecord(JSON.parse(readFileSync(directory.stateFile, "utf8")));
    const port = asNumber(state["port"]);
    const nodeProblem = asString(state["nodeProblem"]);
    if (port === 0) return undefined;
    return {
      pid: asNumber(state["pid"]),
      startTime: asString(state["startTime"]),
      port,
      version: asString(state["version"]),
      ...(nodeProblem === "" ? {} : { nodeProblem }),
    };
  } catch {
    return undefined;
  }
}

/** Readers see the old file or the new one, never half of it. */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
