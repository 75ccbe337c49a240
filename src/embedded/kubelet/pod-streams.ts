import type { Duplex, Readable } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asNumber, asRecord, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { badRequest, internalError, StatusError } from "../machinery/status-error.ts";
import type { ContainerRuntime, ExecSpec, Session } from "../runtimes/runtime.ts";
import { readLog } from "./log-reader.ts";
import type { LogOptions } from "./node-agent.ts";
import { PodDirectory } from "./pod-directory.ts";
import { containerStatusIn } from "./pod-status.ts";
import { allContainers, parsePod } from "./pod.ts";
import type { PodWorker } from "./pod-worker.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface PodStreamsOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly directory: string;
  readonly worker: (uid: string) => PodWorker | undefined;
  /** Calls back whenever a container of any pod has changed. */
  readonly onChange: (listener: () => void) => () => void;
}

/** The streams that clients ask of pods, with the kubelet's words where there are none. */
export class PodStreams {
  readonly #options: PodStreamsOptions;

  constructor(options: PodStreamsOptions) {
    this.#options = options;
  }

  /** @throws StatusError where the container has no log */
  logs(object: KubeObject, options: LogOptions, signal: AbortSignal): Readable {
    const pod = parsePod(object);
    const { container } = options;
    if (!allContainers(pod).some(({ name }) => name === container)) {
      throw badRequest(`container ${container} is not valid for pod ${pod.name}`);
    }
    const worker = this.#options.worker(pod.uid);
    const status = containerStatusIn(worker?.status ?? pod.status, container) ?? {};
    const attempt = loggedAttempt(status, { pod: pod.name, container, previous: options.previous });
    const directory = new PodDirectory(this.#options.directory, pod);
    const isRunning = (): boolean => {
      const record = this.#options.worker(pod.uid)?.runningContainer(container);
      return record !== undefined && record.attempt === attempt;
    };
    return readLog(
      {
        path: directory.logFile(container, attempt),
        format: {
          timestamps: options.timestamps,
          ...(options.since === undefined ? {} : { since: options.since }),
          ...(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes }),
        },
        ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
        ...(options.follow ? { follow: { finished: () => !isRunning(), onChange: this.#options.onChange } } : {}),
        clock: this.#options.clock,
      },
      signal,
    );
  }

  /** @throws StatusError where the container does not run or the program cannot be started */
  async exec(object: KubeObject, container: string, spec: ExecSpec): Promise<Session> {
    const id = this.#runningId(object, container);
    return await translated(this.#options.runtime.exec(id, spec));
  }

  /** @throws StatusError where the container does not run */
  async attach(object: KubeObject, container: string): Promise<Session> {
    const id = this.#runningId(object, container);
    return await translated(this.#options.runtime.attach(id));
  }

  /** @throws StatusError where nothing listens on the port */
  async dial(object: KubeObject, port: number): Promise<Duplex> {
    const { uid, name, namespace } = parsePod(object);
    if (this.#options.worker(uid)?.hasSandbox !== true) {
      throw internalError(`pod ${name}_${namespace} is not running: no network to connect to`);
    }
    return await translated(this.#options.runtime.dial(uid, port));
  }

  #runningId(object: KubeObject, container: string): string {
    const record = this.#options.worker(object.metadata.uid ?? "")?.runningContainer(container);
    if (record === undefined) throw new StatusError(404, "NotFound", `container not found ("${container}")`);
    return record.id;
  }
}

async function translated<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    throw error instanceof StatusError ? error : internalError(errorMessage(error));
  }
}

/**
 * Which attempt's log is meant (upstream: kubelet_pods.go validateContainerLogStatus).
 * @throws StatusError 400 where there is none
 */
export function loggedAttempt(
  status: Fields,
  asked: { readonly pod: string; readonly container: string; readonly previous: boolean },
): number {
  const { pod, container, previous } = asked;
  const state = asRecord(status["state"]);
  const last = asRecord(status["lastState"])["terminated"];
  const attempt = asNumber(status["restartCount"]);
  if (previous) {
    if (!isRecord(last)) throw badRequest(`previous terminated container "${container}" in pod "${pod}" not found`);
    // While a container waits for its restart, the last one made is the previous one.
    return "waiting" in state ? attempt : attempt - 1;
  }
  if ("running" in state || "terminated" in state || isRecord(last)) return attempt;
  const reason = asString(asRecord(state["waiting"])["reason"]);
  const waiting = `container "${container}" in pod "${pod}" is waiting to start`;
  if (reason === "ErrImagePull") throw badRequest(`${waiting}: image can't be pulled`);
  if (reason === "ImagePullBackOff") throw badRequest(`${waiting}: trying and failing to pull image`);
  throw badRequest(reason === "" ? `${waiting} - no logs yet` : `${waiting}: ${reason}`);
}
