import { basename } from "node:path";
import { mkdirSync } from "node:fs";
import { systemClock } from "../lib/clock.ts";
import { errorMessage, UsageError } from "../lib/errors.ts";
import { createLogger, fileWriter, LOG_LEVELS, type Logger } from "../lib/log.ts";
import { startEngine, type Engine } from "./engine.ts";
import { clusterKubeconfig } from "./kubeconfig.ts";
import { directoryAt, readEngineState, writePrivateFile, type EngineState } from "./lifecycle/cluster-directory.ts";
import type { DaemonMessage } from "./lifecycle/daemon-message.ts";
import { EngineRunningError, lockEngine } from "./lifecycle/engine-lock.ts";
import { identify } from "./runtimes/process-identity.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";
import { KUBERNETES_VERSION } from "./machinery/kubernetes-version.ts";

const EXIT_MILLISECONDS = 2000;
/** For all containers to end: the runtime kills them at once. */
const STOP_MILLISECONDS = 60_000;

/**
 * The program of a cluster's daemon process: `daemon <directory> [--destroy]`.
 *
 * SIGTERM ends the engine and lets containers run on; SIGUSR2 ends them too. `--destroy` runs no engine: it ends what
 * an earlier one left running.
 */
async function main(): Promise<void> {
  const [path = "", mode] = process.argv.slice(2);
  const directory = directoryAt(path, basename(path));
  mkdirSync(directory.path, { recursive: true, mode: 0o700 });
  const level = LOG_LEVELS.find((each) => each === process.env["KELPIE_LOG_LEVEL"]) ?? "info";
  const logger = createLogger(level, fileWriter(directory.logFile), "engine");
  survive(logger);
  const unlock = lockEngine(directory);
  // Keeps the lock reachable: a database that is garbage is closed, and with it the lock is gone.
  process.once("exit", unlock);
  if (mode === "--destroy") {
    const { destroyLeftovers } = await import("./runtimes/ladder.ts");
    await destroyLeftovers({ directory: directory.path, clock: systemClock, logger });
    return;
  }
  const runtime = await wantedRuntime(process.env["KELPIE_RUNTIME"] ?? "");
  const engine = await startEngine({
    directory: directory.path,
    name: directory.name,
    port: readEngineState(directory)?.port ?? 0,
    clock: systemClock,
    logger,
    withNode: true,
    ...(runtime === undefined ? {} : { runtime }),
  });
  writePrivateFile(directory.kubeconfigFile, clusterKubeconfig(directory.name, engine.port, engine.pki));
  const state: EngineState = {
    pid: process.pid,
    startTime: identify(process.pid)?.startTime ?? "",
    port: engine.port,
    version: KUBERNETES_VERSION,
  };
  writePrivateFile(directory.stateFile, JSON.stringify(state));
  tell({ type: "ready", port: engine.port });
  const settled = (message: string | undefined): void => {
    if (message !== undefined) {
      writePrivateFile(directory.stateFile, JSON.stringify({ ...state, nodeProblem: message } satisfies EngineState));
    }
    tell({ type: "node", ...(message === undefined ? {} : { message }) });
    if (process.connected) process.disconnect();
  };
  engine.nodeReady.then(
    () => settled(undefined),
    (error: unknown) => settled(errorMessage(error)),
  );
  endOn("SIGTERM", engine, logger, false);
  endOn("SIGINT", engine, logger, false);
  endOn("SIGUSR2", engine, logger, true);
  logger.info("engine started", { pid: process.pid, milliseconds: Math.round(performance.now()) });
}

/** What a bug in one request or controller throws is written down; the cluster goes on. */
function survive(logger: Logger): void {
  const log = (what: string) => (error: unknown) => {
    logger.error(what, { error, stack: error instanceof Error ? error.stack : undefined });
  };
  process.on("uncaughtException", log("uncaught exception"));
  process.on("unhandledRejection", log("unhandled rejection"));
  // The terminal that started it may go.
  process.on("SIGHUP", () => undefined);
}

function endOn(signal: NodeJS.Signals, engine: Engine, logger: Logger, endPods: boolean): void {
  process.on(signal, () => {
    logger.info("engine ends", { signal });
    const end = (): boolean => process.kill(process.pid, "SIGKILL");
    systemClock.after(STOP_MILLISECONDS, end, { background: true });
    // With everything closed the process ends by itself; what does not close must not keep it.
    const last = (): void => void systemClock.after(EXIT_MILLISECONDS, end, { background: true });
    engine.stop({ endPods }).then(last, (error: unknown) => {
      logger.error("the engine did not end well", { error });
      last();
    });
  });
}

/** To the process that started this one, as long as it listens. */
function tell(message: DaemonMessage): void {
  if (process.connected) process.send?.(message);
}

/** @throws UsageError for a runtime that does not exist */
async function wantedRuntime(name: string): Promise<RuntimeName | undefined> {
  if (name === "") return undefined;
  const { RUNGS } = await import("./runtimes/ladder.ts");
  const rung = RUNGS.find((each) => each === name);
  if (rung === undefined) {
    throw new UsageError(`KELPIE_RUNTIME names no runtime: "${name}" (there are ${RUNGS.join(", ")})`);
  }
  return rung;
}

main().catch((error: unknown) => {
  const message = errorMessage(error);
  tell({ type: error instanceof EngineRunningError ? "locked" : "failed", message });
  process.exitCode = 1;
  process.stderr.write(`${message}\n`);
  if (process.connected) process.disconnect();
});
