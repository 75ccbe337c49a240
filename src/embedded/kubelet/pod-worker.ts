import { isDeepStrictEqual } from "node:util";
import type { Cancel } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asRecord, asString } from "../../lib/kube/object.ts";
import { RESOURCES } from "../machinery/registry.ts";
import { isConflict, isNotFound } from "../machinery/status-error.ts";
import type { ContainerState, SandboxState } from "../runtimes/runtime.ts";
import { hasEnded, type ContainerRecord } from "./container-record.ts";
import { ContainerHolds } from "./container-holds.ts";
import { startContainer } from "./container-starter.ts";
import { ContainerStopper } from "./container-stopper.ts";
import { runHandler, type HandlerTarget } from "./handler.ts";
import { graceMilliseconds, PodTermination } from "./pod-termination.ts";
import { PodSandbox } from "./pod-sandbox.ts";
import { PodContainers } from "./pod-containers.ts";
import { PodDirectory } from "./pod-directory.ts";
import { PodProbers } from "./pod-probers.ts";
import { withForeignConditions } from "./pod-conditions.ts";
import { podStatus, type ContainerView, type Waiting } from "./pod-status.ts";
import { allContainers, parsePod, type Pod, type PodContainer } from "./pod.ts";
import { StatusWriter } from "./status-writer.ts";
import { backOffKey, syncPlan, type SyncPlan } from "./sync-plan.ts";
import { referencedObjects } from "./volumes/volume-payload.ts";
import { fieldPathOf, type WorkerContext } from "./worker-context.ts";
import type { KubeObject } from "../../lib/kube/object.ts";

type Fields = Readonly<Record<string, unknown>>;

/** After an unexpected error. */
const RETRY_MILLISECONDS = 10_000;
/** What an earlier engine left of a pod. */
export interface Leftover {
  readonly sandbox: SandboxState | undefined;
  readonly containers: readonly ContainerState[];
}

/**
 * Brings one pod to what its spec says and its status to what is (upstream: pkg/kubelet/pod_workers.go, syncPod). One
 * sync at a time; whatever happens in between causes one more.
 */
export class PodWorker {
  readonly uid: string;
  readonly directory: PodDirectory;
  readonly #context: WorkerContext;
  readonly #containers: PodContainers;
  readonly #sandbox: PodSandbox;
  readonly #holds: ContainerHolds;
  readonly #writer: StatusWriter;
  readonly #stopper: ContainerStopper;
  readonly #probers: PodProbers;
  /** Their postStart hook runs. */
  readonly #starting = new Set<string>();
  readonly #ended = new AbortController();
  readonly #onFinished: (uid: string) => void;
  #backOffTold = new Set<string>();
  #pod: Pod;
  #references: ReadonlySet<string>;
  #deletedFromApi = false;
  #failure: { readonly reason: string; readonly message: string } | undefined;
  #termination: PodTermination | undefined;
  #old: Fields;
  #running = false;
  #again = false;
  #stopped = false;
  #timer: Cancel | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(context: WorkerContext, object: KubeObject, leftover: Leftover, onFinished: (uid: string) => void) {
    const pod = parsePod(object);
    this.#context = context;
    this.#onFinished = onFinished;
    this.#pod = pod;
    this.#references = referencedObjects(pod);
    this.uid = pod.uid;
    this.directory = new PodDirectory(context.directory, pod);
    this.#containers = new PodContainers(this.directory);
    const wakeAt = (at: number | undefined): void => this.#wakeAt(at);
    this.#sandbox = new PodSandbox(context, () => this.#pod, this.directory, leftover.sandbox, wakeAt);
    this.#holds = new ContainerHolds(context, () => this.wake());
    this.#writer = new StatusWriter({
      registry: context.registry,
      clock: context.clock,
      logger: context.logger,
      current: () => this.#pod.object,
    });
    this.#stopper = new ContainerStopper(context, {
      target: (record, container) => this.#handlerTarget(record, container),
      stopping: (record) => this.#probers.stopKilling(record.id),
      ended: (record) => this.#seeEnd(record),
      stopped: () => this.wake(),
    });
    this.#probers = new PodProbers(context, {
      target: (record, container) => this.#handlerTarget(record, container),
      pod: () => this.#pod,
      changed: () => this.wake(),
      kill: (record, container, message, grace) =>
        this.#stopper.stop({ record, container, pod: this.#pod, message, graceMilliseconds: grace }),
    });
    this.#old = pod.status;
    this.#containers.adopt(pod, leftover.containers);
    for (const container of allContainers(pod)) {
      const { attempt = 0, startedAt, finishedAt } = this.#containers.latest(container.name) ?? {};
      const last = startedAt ?? finishedAt;
      if (last !== undefined) context.backOff.resume(backOffKey(pod, container), attempt, last);
    }
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The status as the node agent knows it, ahead of what is stored. */
  get status(): Fields {
    return this.#writer.wanted ?? this.#pod.status;
  }

  /** The newest container of a name that runs. */
  runningContainer(name: string): ContainerRecord | undefined {
    const record = this.#containers.latest(name);
    return record?.phase === "running" ? record : undefined;
  }

  get runningContainers(): readonly ContainerRecord[] {
    return this.#containers.running;
  }

  get hasSandbox(): boolean {
    return this.#sandbox.ready;
  }

  update(object: KubeObject): void {
    const pod = parsePod(object);
    const specChanged = this.#pod.generation !== pod.generation || pod.generation === 0;
    const metadataChanged = (["labels", "annotations"] as const).some(
      (field) => !isDeepStrictEqual(this.#pod.object.metadata[field], pod.object.metadata[field]),
    );
    this.#pod = pod;
    if (specChanged) this.#references = referencedObjects(pod);
    // The downward API shows labels and annotations in files.
    if (specChanged || metadataChanged) this.#sandbox.markDirty();
    // A hook that is still running must not hold up the deletion.
    if (pod.deleting) this.#ended.abort();
    this.#termination?.shorten(this.#pod);
    this.wake();
  }

  /** The object is gone from the API: the containers must go too. */
  removed(object: KubeObject): void {
    this.#pod = parsePod(object);
    this.#deletedFromApi = true;
    this.#ended.abort();
    this.#termination?.shorten(this.#pod);
    this.wake();
  }

  onContainer(state: ContainerState): void {
    this.#containers.apply(this.#pod, state);
    this.wake();
  }

  /** A config map or secret has changed. */
  onReference(kind: string, namespace: string, name: string): void {
    if (namespace !== this.#pod.namespace || !this.#references.has(`${kind}/${name}`)) return;
    this.#sandbox.markDirty();
    this.#holds.retryConfiguration();
    this.wake();
  }

  /** Syncs soon. */
  wake(): void {
    this.#again = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#loop().catch((error: unknown) => {
      this.#context.logger.error("a pod worker failed", { uid: this.uid, error: errorMessage(error) });
    });
  }

  /** Lets go: containers run on. Resolves when no write is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.();
    this.#ended.abort();
    this.#probers.stop();
    this.#holds.stop();
    this.#writer.stop();
    await this.#writer.settled();
  }

  async #loop(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        try {
          await this.#sync();
        } catch (error) {
          const { namespace, name } = this.#pod;
          this.#context.logger.warn("a pod was not synced", {
            pod: `${namespace}/${name}`,
            error: errorMessage(error),
          });
          this.#wakeAt(this.#context.clock.now() + RETRY_MILLISECONDS);
        }
      }
    } finally {
      this.#running = false;
    }
  }

  #wakeAt(at: number | undefined): void {
    if (at === undefined || at >= this.#timerAt || this.#stopped) return;
    this.#timer?.();
    this.#timerAt = at;
    const wait = Math.max(0, at - this.#context.clock.now());
    this.#timer = this.#context.clock.after(
      wait,
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        this.wake();
      },
      { background: true },
    );
  }

  async #sync(): Promise<void> {
    if (this.#pod.deleting || this.#deletedFromApi || this.#failure !== undefined) return await this.#syncTerminating();
    if (isTerminal(this.status)) return await this.#release();
    if (this.#deadlinePassed()) return await this.#syncTerminating();
    await this.#syncRunning();
  }

  async #syncRunning(): Promise<void> {
    this.#probers.update(this.#containers);
    const plan = this.#plan();
    if (plan.finished) {
      this.#publish(plan.waiting, true);
      await this.#writer.settled();
      return await this.#release();
    }
    if (plan.stopSidecars) this.#stopSidecars();
    for (const container of plan.replace) {
      this.#stopSoon(container, `Container ${container.name} definition changed, will be restarted`);
    }
    this.#tellBackOff(plan);
    this.#publish(plan.waiting, false);
    this.#wakeAt(plan.wakeAt);
    if (plan.start.length === 0 && !this.#sandbox.needsRefresh()) return;
    const hadContainers = this.#containers.all.length > 0;
    if (!(await this.#sandbox.prepare(this.#pod, plan.start.length > 0, hadContainers))) return;
    for (const container of plan.start) {
      if (this.#isTerminating()) break;
      await this.#start(container);
    }
    this.#probers.update(this.#containers);
    this.#publish(this.#plan().waiting, false);
    // What has started may let the next one start.
    if (plan.start.length > 0) this.#again = true;
  }

  #isTerminating(): boolean {
    return this.#pod.deleting || this.#deletedFromApi || this.#failure !== undefined || this.#stopped;
  }

  #plan(): SyncPlan {
    return syncPlan({
      pod: this.#pod,
      latest: (name) => this.#containers.latest(name),
      started: (record) => this.#isStarted(record),
      stopping: (record) => this.#stopper.isStopping(record.id),
      holds: this.#holds.all,
      backOff: this.#context.backOff,
      now: this.#context.clock.now(),
    });
  }

  #isStarted(record: ContainerRecord): boolean {
    return record.phase === "running" && !this.#starting.has(record.id) && this.#probers.started(record.id);
  }

  async #start(container: PodContainer): Promise<void> {
    const { backOff } = this.#context;
    const last = this.#containers.latest(container.name);
    if (last?.finishedAt !== undefined) backOff.next(backOffKey(this.#pod, container), last.finishedAt);
    const result = await startContainer(this.#context, {
      pod: this.#pod,
      container,
      attempt: last === undefined ? 0 : last.attempt + 1,
      addresses: this.#sandbox.addresses(this.#pod),
      volumes: this.#sandbox.volumes,
      containers: this.#containers,
      directory: this.directory,
    });
    switch (result.outcome) {
      case "started":
        this.#holds.clear(container);
        this.#containers.apply(this.#pod, result.state);
        await this.#runPostStart(container, result.state.id);
        await this.#containers.prune(container.name, this.#context.runtime);
        return;
      case "failed":
        // The record says it; the restart back-off applies.
        this.#holds.clear(container);
        await this.#containers.prune(container.name, this.#context.runtime);
        return;
      case "config":
        this.#holds.add(container, result.waiting);
        return;
      case "image":
        this.#holds.addImage(this.#pod, container, result.waiting);
    }
  }

  async #runPostStart(container: PodContainer, id: string): Promise<void> {
    const record = this.#containers.latest(container.name);
    if (container.postStart === undefined || record === undefined) return;
    this.#starting.add(id);
    this.#publish(new Map(), false);
    const target = this.#handlerTarget(record, container);
    const result = await runHandler(container.postStart, target, this.#ended.signal);
    this.#starting.delete(id);
    if (result.success || this.#isTerminating()) return;
    const { recorder } = this.#context;
    const message = `PostStartHook failed${result.output === "" ? "" : `: ${result.output}`}`;
    recorder.event(this.#pod.object, "Warning", "FailedPostStartHook", message, fieldPathOf(container));
    await this.#stopper.stop({
      record,
      container,
      pod: this.#pod,
      message: "FailedPostStartHook",
      graceMilliseconds: graceMilliseconds(this.#pod),
    });
  }

  #stopSidecars(): void {
    for (const container of this.#pod.initContainers.toReversed()) {
      if (container.role === "sidecar") this.#stopSoon(container, `Stopping container ${container.name}`);
    }
  }

  #stopSoon(container: PodContainer, message: string): void {
    const record = this.runningContainer(container.name);
    if (record === undefined) return;
    const request = { record, container, pod: this.#pod, message, graceMilliseconds: graceMilliseconds(this.#pod) };
    this.#stopper.stop(request).catch(() => undefined);
  }

  /** The runtime's event may come after `stop` has resolved, or never where the container was gone already. */
  async #seeEnd({ id, name, attempt }: ContainerRecord): Promise<void> {
    const record = this.#containers.all.find((candidate) => candidate.id === id);
    if (record === undefined || hasEnded(record)) return;
    const listed = await this.#context.runtime.list();
    const state = listed.containers.find((candidate) => candidate.id === id);
    this.#containers.apply(this.#pod, state ?? { id, sandboxId: this.uid, name, attempt, state: "unknown" });
  }

  #tellBackOff(plan: SyncPlan): void {
    const { name, namespace, object } = this.#pod;
    for (const container of plan.backingOff) {
      const record = this.#containers.latest(container.name);
      if (record === undefined || this.#backOffTold.has(record.id)) continue;
      this.#backOffTold = new Set([...this.#backOffTold].slice(-20)).add(record.id);
      const message = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${this.uid})`;
      this.#context.recorder.event(object, "Warning", "BackOff", message, fieldPathOf(container));
    }
  }

  #deadlinePassed(): boolean {
    const { activeDeadlineSeconds } = this.#pod;
    const startTime = Date.parse(asString(this.status["startTime"]));
    if (activeDeadlineSeconds === undefined || Number.isNaN(startTime)) return false;
    const deadline = startTime + activeDeadlineSeconds * 1000;
    if (deadline > this.#context.clock.now()) {
      this.#wakeAt(deadline);
      return false;
    }
    const message = "Pod was active on the node longer than the specified deadline";
    this.#failure = { reason: "DeadlineExceeded", message };
    this.#context.recorder.event(this.#pod.object, "Normal", "DeadlineExceeded", message);
    return true;
  }

  async #syncTerminating(): Promise<void> {
    this.#termination ??= new PodTermination(this.#context, this.#containers, this.#stopper, this.#pod, () =>
      this.wake(),
    );
    if (!this.#termination.finished) {
      this.#publish(new Map(), false);
      return;
    }
    this.#probers.stop();
    if (!this.#deletedFromApi && !isTerminal(this.status)) {
      this.#publish(new Map(), true);
      await this.#writer.settled();
    }
    await this.#release();
    if (!this.#pod.deleting && !this.#deletedFromApi) return;
    await this.#finish();
  }

  /** Logs and volumes stay until the pod is deleted. */
  async #release(): Promise<void> {
    this.#probers.stop();
    await this.#sandbox.release(this.uid);
  }

  /** Deletes the files, then the object itself. */
  async #finish(): Promise<void> {
    const { registry, runtime, logger } = this.#context;
    for (const { id } of this.#containers.all) {
      await runtime.remove(id).catch((error: unknown) => {
        logger.debug("a container of a deleted pod was not removed", { id, error: errorMessage(error) });
      });
    }
    this.#writer.stop();
    await this.#writer.settled();
    await this.directory.remove().catch((error: unknown) => {
      logger.warn("the files of a pod were not removed", { path: this.directory.path, error: errorMessage(error) });
    });
    if (!this.#deletedFromApi) {
      const { namespace, name } = this.#pod;
      try {
        await registry.delete(
          RESOURCES.pods,
          { namespace, name },
          { gracePeriodSeconds: 0, preconditions: { uid: this.uid } },
        );
      } catch (error) {
        // Gone already, or another pod has the name.
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    this.#stopped = true;
    this.#timer?.();
    this.#context.backOff.forget(`${this.uid}/`);
    this.#onFinished(this.uid);
  }

  #publish(waiting: ReadonlyMap<string, Waiting>, finished: boolean): void {
    const status = podStatus({
      pod: this.#pod,
      containers: allContainers(this.#pod).map((container) => this.#view(container, waiting)),
      old: withForeignConditions(this.#old, this.#pod.status),
      podIp: this.#sandbox.made ? this.#sandbox.addresses(this.#pod).podIp || undefined : undefined,
      hostIp: this.#context.hostIp,
      sandboxReady: this.#sandbox.made && !finished,
      failure: this.#failure,
      finished,
      now: this.#context.clock.now(),
    });
    this.#old = status;
    this.#writer.publish(status);
  }

  #view(container: PodContainer, waiting: ReadonlyMap<string, Waiting>): ContainerView {
    const latest = this.#containers.latest(container.name);
    return {
      container,
      latest,
      previous: this.#containers.previous(container.name),
      waiting: waiting.get(container.name),
      started: latest !== undefined && this.#isStarted(latest),
      ready: latest !== undefined && this.#probers.ready(latest.id),
    };
  }

  #handlerTarget(record: ContainerRecord, container: PodContainer): HandlerTarget {
    const { runtime, clock } = this.#context;
    return {
      runtime,
      clock,
      sandboxId: this.uid,
      containerId: record.id,
      container,
      podIp: this.#sandbox.addresses(this.#pod).podIp,
    };
  }
}

function isTerminal(status: Fields): boolean {
  const phase = asRecord(status)["phase"];
  return phase === "Succeeded" || phase === "Failed";
}
