import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { programPath } from "../assets.ts";
import type { ClusterDirectory } from "./cluster-directory.ts";
import { parseDaemonMessage, type DaemonMessage } from "./daemon-message.ts";

/** Young objects are few while nothing happens: a small nursery keeps the idle engine small. */
const NODE_OPTIONS = ["--max-semi-space-size=4"];
const START_MILLISECONDS = 60_000;

export interface SpawnOptions {
  readonly directory: ClusterDirectory;
  readonly clock: Clock;
  /** Until the node runs pods too. */
  readonly waitForNode: boolean;
  readonly onMessage: (message: DaemonMessage) => void;
}

/**
 * Starts the daemon, detached, and waits until it is ready.
 * @returns `locked` where another process has just started one
 * @throws KelpieError with the daemon's own words where it fails
 */
export function spawnDaemon(options: SpawnOptions): Promise<"started" | "locked"> {
  const { directory, clock } = options;
  const child = startProgram(directory, [], true);
  return new Promise((resolve, reject) => {
    const settle = (outcome: "started" | "locked" | KelpieError): void => {
      cancel();
      if (child.connected) child.disconnect();
      child.unref();
      if (outcome instanceof KelpieError) reject(outcome);
      else resolve(outcome);
    };
    const fail = (why: string): void =>
      settle(
        new KelpieError(`the cluster "${directory.name}" did not start: ${why}`, {
          hint: `its log is ${directory.logFile}`,
        }),
      );
    const cancel = clock.after(START_MILLISECONDS, () => {
      child.kill("SIGKILL");
      fail(`it was not ready within ${START_MILLISECONDS / 1000} s`);
    });
    child.on("error", (error) => fail(errorMessage(error)));
    child.on("exit", (code, signal) => fail(`its process ended (${signal ?? `exit code ${code ?? "unknown"}`})`));
    child.on("message", (value) => {
      const message = parseDaemonMessage(value);
      if (message === undefined) return;
      options.onMessage(message);
      if (message.type === "failed") fail(message.message);
      else if (message.type === "locked") settle("locked");
      else if (message.type === "node" || !options.waitForNode) settle("started");
    });
  });
}

/** Ends what an engine that is gone left running. */
export function runDestroy(directory: ClusterDirectory): Promise<void> {
  const child = startProgram(directory, ["--destroy"], false);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new KelpieError(`what runs in the cluster "${directory.name}" could not be ended: ${why}`, {
          hint: `its log is ${directory.logFile}`,
        }),
      );
    let said = "";
    child.on("message", (value) => {
      const message = parseDaemonMessage(value);
      if (message?.type === "failed" || message?.type === "locked") said = message.message;
    });
    child.on("error", (error) => fail(errorMessage(error)));
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else fail(said === "" ? (signal ?? `exit code ${code ?? "unknown"}`) : said);
    });
  });
}

function startProgram(directory: ClusterDirectory, options: readonly string[], detached: boolean) {
  const log = openLog(directory);
  try {
    return spawn(process.execPath, [...NODE_OPTIONS, programPath("daemon"), directory.path, ...options], {
      detached,
      cwd: "/",
      stdio: ["ignore", log, log, "ipc"],
    });
  } finally {
    closeSync(log);
  }
}

/** @throws KelpieError where the cluster's directory cannot be made or written */
function openLog(directory: ClusterDirectory): number {
  try {
    mkdirSync(directory.path, { recursive: true, mode: 0o700 });
    return openSync(directory.logFile, "a", 0o600);
  } catch (error) {
    throw new KelpieError(`cannot write to the cluster's directory ${directory.path}: ${errorMessage(error)}`, {
      hint: "KELPIE_HOME moves everything kelpie writes to another place.",
      cause: error,
    });
  }
}
