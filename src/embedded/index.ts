import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { delay, systemClock } from "../lib/clock.ts";
import { KelpieError } from "../lib/errors.ts";
import { contextName } from "./kubeconfig.ts";
import {
  clusterDirectory,
  readEngineState,
  type ClusterDirectory,
  type EngineState,
} from "./lifecycle/cluster-directory.ts";
import { identify } from "./runtimes/process-identity.ts";
import { isLocked } from "./lifecycle/engine-lock.ts";
import { pingEngine } from "./lifecycle/ping-engine.ts";
import { runDestroy, spawnDaemon } from "./lifecycle/spawn-daemon.ts";

/** What the embedded cluster can be told at its start. */
export interface EngineOptions {
  /** Directory of this cluster: state, certificates, images, logs. */
  readonly directory: string;
  readonly name: string;
  /** Port on 127.0.0.1; 0 takes a free one the first time and keeps it. */
  readonly port: number;
}

/** A local cluster as it is now. */
export interface ClusterInfo {
  readonly name: string;
  readonly state: "running" | "stopped";
  /** While it runs. */
  readonly server?: string;
  readonly pid?: number;
  readonly version?: string;
  readonly directory: string;
  /** File; exists once the cluster has been started. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Why its node cannot run pods; known a moment after the start. */
  readonly nodeProblem?: string;
}

export interface StartOptions {
  readonly name: string;
  /** Clusters live in `<home>/clusters/<name>`. */
  readonly home: string;
  /** Waits for the node too, not only for `/readyz`. */
  readonly wait?: boolean;
  /** Steps in a few words each, for people. */
  readonly onProgress?: (step: string) => void;
}

const POLL_MILLISECONDS = 20;
const START_MILLISECONDS = 60_000;
const ANSWER_MILLISECONDS = 15_000;
const STOP_MILLISECONDS = 90_000;

/**
 * Starts a cluster, making it where there is none. Resolves when `/readyz` is ok; a cluster that runs is left alone.
 * @throws KelpieError where it cannot start
 */
export async function startCluster(options: StartOptions): Promise<ClusterInfo> {
  const directory = clusterDirectory(options.home, options.name);
  const progress = options.onProgress ?? (() => undefined);
  if (await answers(directory)) {
    progress(`Cluster "${options.name}" is running`);
    return describe(directory);
  }
  progress(existsSync(directory.path) ? "Starting the API server" : "Making certificates, starting the API server");
  const outcome = await spawnDaemon({
    directory,
    clock: systemClock,
    waitForNode: options.wait === true,
    onMessage(message) {
      if (message.type === "ready") progress("The API server is ready");
      if (message.type !== "node") return;
      const problem = message.message;
      progress(problem === undefined ? "The node is ready" : `The node cannot run pods: ${problem}`);
    },
  });
  if (outcome === "locked") await stateOfRunning(directory);
  return describe(directory);
}

/**
 * Whether an engine runs there and is ready. One that holds the lock and does not answer is starting or ending: the
 * answer waits for what becomes of it.
 */
async function answers(directory: ClusterDirectory): Promise<boolean> {
  const deadline = systemClock.now() + ANSWER_MILLISECONDS;
  while (isRunning(directory)) {
    if (await pingEngine(directory)) return true;
    if (systemClock.now() > deadline) {
      throw new KelpieError(`the engine of the cluster "${directory.name}" runs but does not answer`, {
        hint: `kelpie cluster stop ${directory.name}, then start it again; its log is ${directory.logFile}`,
      });
    }
    await delay(systemClock, POLL_MILLISECONDS);
  }
  return false;
}

/**
 * What the engine that holds the lock says of itself. One that is starting has not written it yet: what stands there
 * may name a process of long ago, whose number another program has now.
 */
async function stateOfRunning(directory: ClusterDirectory): Promise<EngineState> {
  const deadline = systemClock.now() + START_MILLISECONDS;
  for (;;) {
    const state = readEngineState(directory);
    if (state !== undefined && identify(state.pid)?.startTime === state.startTime) return state;
    if (systemClock.now() > deadline) {
      throw new KelpieError(`the cluster "${directory.name}" is held by a process that does not get ready`, {
        hint: `its log is ${directory.logFile}`,
      });
    }
    await delay(systemClock, POLL_MILLISECONDS);
  }
}

/** Ends the engine and every pod, keeps the state. Does nothing where nothing runs. */
export async function stopCluster(options: { readonly name: string; readonly home: string }): Promise<void> {
  const directory = clusterDirectory(options.home, options.name);
  if (!existsSync(directory.path)) return;
  if (isRunning(directory)) {
    const state = await stateOfRunning(directory);
    process.kill(state.pid, "SIGUSR2");
    const deadline = systemClock.now() + STOP_MILLISECONDS;
    while (isLocked(directory)) {
      if (systemClock.now() > deadline) {
        process.kill(state.pid, "SIGKILL");
        break;
      }
      await delay(systemClock, POLL_MILLISECONDS);
    }
  }
  await runDestroy(directory);
}

/** Stops a cluster and removes its directory. Does nothing where there is none. */
export async function deleteCluster(options: { readonly name: string; readonly home: string }): Promise<void> {
  const directory = clusterDirectory(options.home, options.name);
  await stopCluster(options);
  rmSync(directory.path, { recursive: true, force: true });
}

/** `undefined` where there is no such cluster. */
export function clusterStatus(options: { readonly name: string; readonly home: string }): ClusterInfo | undefined {
  const directory = clusterDirectory(options.home, options.name);
  return existsSync(directory.path) ? describe(directory) : undefined;
}

export function listClusters(home: string): readonly ClusterInfo[] {
  const parent = join(home, "clusters");
  if (!existsSync(parent)) return [];
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => describe(clusterDirectory(home, entry.name)));
}

/**
 * The kubeconfig as YAML, certificates inline.
 * @throws KelpieError where the cluster was never started
 */
export function readClusterKubeconfig(options: { readonly name: string; readonly home: string }): string {
  const directory = clusterDirectory(options.home, options.name);
  if (!existsSync(directory.kubeconfigFile)) {
    throw new KelpieError(`there is no cluster "${options.name}"`, {
      hint: `kelpie cluster start ${options.name}`,
    });
  }
  return readFileSync(directory.kubeconfigFile, "utf8");
}

/** Files of the engine's log, oldest first. */
export function clusterLogFiles(options: { readonly name: string; readonly home: string }): readonly string[] {
  const { logFile } = clusterDirectory(options.home, options.name);
  return [`${logFile}.1`, logFile].filter((file) => existsSync(file));
}

export { doctor, type DoctorCheck } from "./lifecycle/doctor.ts";

function isRunning(directory: ClusterDirectory): boolean {
  return existsSync(directory.stateFile) && isLocked(directory);
}

function describe(directory: ClusterDirectory): ClusterInfo {
  const state = readEngineState(directory);
  const common = {
    name: directory.name,
    directory: directory.path,
    kubeconfig: directory.kubeconfigFile,
    context: contextName(directory.name),
  };
  if (state === undefined || !isRunning(directory)) return { ...common, state: "stopped" };
  return {
    ...common,
    state: "running",
    server: `https://127.0.0.1:${state.port}`,
    pid: state.pid,
    version: state.version,
    ...(state.nodeProblem === undefined ? {} : { nodeProblem: state.nodeProblem }),
  };
}
