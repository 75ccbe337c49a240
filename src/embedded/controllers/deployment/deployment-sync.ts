import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../../lib/clock.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { asRecord, at, controllerOf, type KubeObject } from "../../../lib/kube/object.ts";
import type { EventRecorder } from "../../machinery/event-recorder.ts";
import { keyOf, RESOURCES, type Registry } from "../../machinery/registry.ts";
import { isAlreadyExists, isNotFound } from "../../machinery/status-error.ts";
import { isNamespaceTerminating } from "../runtime/pod-control.ts";
import { isPodTerminal } from "../runtime/pod-state.ts";
import {
  activeSets,
  compareCreation,
  desiredReplicas,
  findNewSet,
  isPaused,
  isRollingUpdate,
  isSameTemplate,
  progressDeadline,
  REVISION,
  revisionHistoryLimit,
  revisionOf,
  statusCount,
  sumReplicas,
  sumStatus,
} from "./deployment-spec.ts";
import {
  allSets,
  calculateRolloutStatus,
  calculateStatus,
  deadlineIn,
  findCondition,
  isComplete,
  newCondition,
  statusFields,
  storedStatus,
  withCondition,
  type DeploymentStatus,
  type Rollout,
} from "./deployment-status.ts";
import { buildNewSet, hasAnnotations, newSetAnnotations, sizeAnnotations } from "./new-replica-set.ts";
import { isScalingEvent, scaledSizes } from "./proportional-scaling.ts";
import { newSetSize, oldSetSizes } from "./rolling-update.ts";

export interface DeploymentSyncOptions {
  readonly registry: Registry;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly deployment: KubeObject;
  /** The ReplicaSets it controls. */
  readonly sets: readonly KubeObject[];
  /** Pods of a ReplicaSet, finished and terminating ones too. */
  podsOf(set: KubeObject): readonly KubeObject[];
}

/** One look at a deployment: what can be done now is done, the rest follows from the events of what was done. */
export class DeploymentSync {
  readonly #options: DeploymentSyncOptions;
  readonly #sets: readonly KubeObject[];
  /** As last stored. */
  #deployment: KubeObject;

  constructor(options: DeploymentSyncOptions) {
    this.#options = options;
    this.#deployment = options.deployment;
    this.#sets = options.sets;
  }

  /** @returns milliseconds until the deployment must be looked at again though nothing happens */
  async run(): Promise<number | undefined> {
    if (this.#deployment.metadata.deletionTimestamp !== undefined) {
      return this.#writeStatus(calculateStatus(await this.#rollout(false), this.#now()));
    }
    await this.#markPaused();
    if (isPaused(this.#deployment)) return this.#resize(await this.#rollout(false));
    const rollout = await this.#rollout(false, "keep");
    if (isScalingEvent(rollout)) return this.#resize(await this.#rollout(false));
    return isRollingUpdate(this.#deployment) ? this.#rollOver() : this.#recreate();
  }

  #now(): number {
    return this.#options.clock.now();
  }

  /** Pausing stops the progress deadline, resuming starts it anew. */
  async #markPaused(): Promise<void> {
    if (progressDeadline(this.#deployment) === undefined) return;
    const status = storedStatus(this.#deployment);
    const reason = findCondition(status.conditions, "Progressing")?.reason;
    if (reason === "ProgressDeadlineExceeded") return;
    const paused = isPaused(this.#deployment);
    if (paused === (reason === "DeploymentPaused")) return;
    const condition = paused
      ? newCondition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", this.#now())
      : newCondition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", this.#now());
    await this.#writeStatus({ ...status, conditions: withCondition(status.conditions, condition) });
  }

  async #resize(rollout: Rollout): Promise<number | undefined> {
    for (const { set, replicas } of scaledSizes(rollout)) await this.#scale(set, replicas);
    if (isPaused(this.#deployment)) await this.#deleteOldSets(rollout.oldSets);
    return this.#writeStatus(calculateStatus({ ...rollout, deployment: this.#deployment }, this.#now()));
  }

  async #rollOver(): Promise<number | undefined> {
    const rollout = await this.#rollout(true);
    const { newSet } = rollout;
    if (newSet !== undefined) {
      const size = desiredReplicas(newSet);
      const wanted = desiredReplicas(this.#deployment);
      const next = size > wanted ? wanted : newSetSize(this.#deployment, allSets(rollout), size);
      if (next !== size && (await this.#scale(newSet, next))) return this.#finish(rollout);
    }
    const shrinking = oldSetSizes(rollout);
    for (const { set, replicas } of shrinking) await this.#scale(set, replicas);
    return this.#finish(rollout, shrinking.length === 0);
  }

  async #recreate(): Promise<number | undefined> {
    const before = await this.#rollout(false);
    const active = activeSets(before.oldSets);
    if (active.length > 0) {
      for (const set of active) await this.#scale(set, 0);
      return this.#finish(before);
    }
    if (this.#oldPodsRun(before)) return this.#finish(before);
    const rollout = await this.#rollout(true);
    const { newSet } = rollout;
    if (newSet !== undefined && desiredReplicas(newSet) !== desiredReplicas(this.#deployment)) {
      await this.#scale(newSet, desiredReplicas(this.#deployment));
    }
    return this.#finish(rollout, true);
  }

  #oldPodsRun(rollout: Rollout): boolean {
    if (sumStatus(rollout.oldSets, "replicas") > 0) return true;
    return rollout.oldSets.some((set) => this.#options.podsOf(set).some((pod) => !isPodTerminal(pod)));
  }

  async #finish(rollout: Rollout, settled = false): Promise<number | undefined> {
    const current = { ...rollout, deployment: this.#deployment };
    if (settled && isComplete(this.#deployment, storedStatus(this.#deployment))) {
      await this.#deleteOldSets(rollout.oldSets);
    }
    return this.#writeStatus(calculateRolloutStatus(current, this.#now()));
  }

  /**
   * The ReplicaSets sorted into new and old, with revisions brought up to date.
   * @param create make the new one where it is missing
   * @param revisions `keep` to look only
   */
  async #rollout(create: boolean, revisions: "update" | "keep" = "update"): Promise<Rollout> {
    const found = findNewSet(this.#deployment, this.#sets);
    const oldSets = this.#sets.filter((set) => set !== found);
    if (revisions === "keep") return { deployment: this.#deployment, newSet: found, oldSets };
    const revision = Math.max(0, ...oldSets.map(revisionOf)) + 1;
    let newSet: KubeObject | undefined;
    if (found !== undefined) newSet = await this.#refreshNewSet(found, revision);
    else if (create) newSet = await this.#createNewSet(oldSets, revision);
    return { deployment: this.#deployment, newSet, oldSets };
  }

  async #refreshNewSet(set: KubeObject, revision: number): Promise<KubeObject> {
    const annotations = newSetAnnotations(this.#deployment, set, revision);
    const minReadySeconds = at(this.#deployment, "spec", "minReadySeconds");
    if (!hasAnnotations(set, annotations) || at(set, "spec", "minReadySeconds") !== minReadySeconds) {
      const { minReadySeconds: _old, ...spec } = asRecord(set["spec"]);
      return this.#options.registry.update(RESOURCES.replicasets, keyOf(set), {
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: minReadySeconds === undefined ? spec : { ...spec, minReadySeconds },
      });
    }
    await this.#setRevision(revisionOf(set));
    const name = set.metadata.name ?? "";
    await this.#setProgressing("FoundNewReplicaSet", `Found new replica set "${name}"`, "if missing");
    return set;
  }

  async #createNewSet(oldSets: readonly KubeObject[], revision: number): Promise<KubeObject> {
    const { registry, recorder } = this.#options;
    const deployment = this.#deployment;
    const replicas = newSetSize(deployment, oldSets, 0);
    const { collisionCount } = storedStatus(deployment);
    const wanted = buildNewSet(deployment, collisionCount, revision, replicas);
    const name = wanted.metadata.name ?? "";
    let created: KubeObject;
    try {
      created = await registry.create(RESOURCES.replicasets, deployment.metadata.namespace ?? "", wanted);
    } catch (error) {
      const existing = isAlreadyExists(error) ? await this.#resolveCollision(wanted) : undefined;
      if (existing === undefined) {
        await this.#reportCreateFailure(name, error);
        throw error;
      }
      await this.#setRevision(revision);
      return existing;
    }
    if (replicas > 0) {
      const text = `Scaled up replica set ${name} from 0 to ${replicas}`;
      recorder.event(deployment, "Normal", "ScalingReplicaSet", text);
    }
    await this.#setRevision(revision);
    await this.#setProgressing("NewReplicaSetCreated", `Created new replica set "${name}"`, "always");
    return created;
  }

  /**
   * A set of that name is there: it is ours where the cache was behind. Else two templates have one hash, and the
   * collision count gives the next attempt another name.
   */
  async #resolveCollision(wanted: KubeObject): Promise<KubeObject | undefined> {
    const deployment = this.#deployment;
    const existing = await this.#options.registry.get(RESOURCES.replicasets, keyOf(wanted));
    const isOurs = controllerOf(existing)?.uid === deployment.metadata.uid;
    const template = at(deployment, "spec", "template");
    if (isOurs && isSameTemplate(at(existing, "spec", "template"), template)) return existing;
    const status = storedStatus(deployment);
    await this.#writeStatus({ ...status, collisionCount: (status.collisionCount ?? 0) + 1 });
    return undefined;
  }

  async #reportCreateFailure(name: string, error: unknown): Promise<void> {
    if (isAlreadyExists(error) || isNamespaceTerminating(error)) return;
    const message = `Failed to create new replica set "${name}": ${errorMessage(error)}`;
    this.#options.recorder.event(this.#deployment, "Warning", "ReplicaSetCreateError", message);
    if (progressDeadline(this.#deployment) === undefined) return;
    const status = storedStatus(this.#deployment);
    const condition = newCondition("Progressing", "False", "ReplicaSetCreateError", message, this.#now());
    await this.#writeStatus({ ...status, conditions: withCondition(status.conditions, condition) });
  }

  async #setRevision(revision: number): Promise<void> {
    if (revisionOf(this.#deployment) === revision) return;
    const patch = { metadata: { annotations: { [REVISION]: String(revision) } } };
    const key = keyOf(this.#deployment);
    this.#deployment = await this.#options.registry.patch(RESOURCES.deployments, key, "merge", patch);
  }

  async #setProgressing(reason: string, message: string, when: "always" | "if missing"): Promise<void> {
    if (progressDeadline(this.#deployment) === undefined) return;
    const status = storedStatus(this.#deployment);
    if (when === "if missing" && findCondition(status.conditions, "Progressing") !== undefined) return;
    const condition = newCondition("Progressing", "True", reason, message, this.#now());
    await this.#writeStatus({ ...status, conditions: withCondition(status.conditions, condition) });
  }

  /** @returns whether the number of replicas changed */
  async #scale(set: KubeObject, replicas: number): Promise<boolean> {
    const size = desiredReplicas(set);
    const annotations = sizeAnnotations(this.#deployment);
    if (size === replicas && hasAnnotations(set, annotations)) return false;
    await this.#options.registry.update(RESOURCES.replicasets, keyOf(set), {
      ...set,
      metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } },
      spec: { ...asRecord(set["spec"]), replicas },
    });
    if (size === replicas) return false;
    const text = `Scaled ${size < replicas ? "up" : "down"} replica set ${set.metadata.name ?? ""} from ${size} to ${replicas}`;
    this.#options.recorder.event(this.#deployment, "Normal", "ScalingReplicaSet", text);
    return true;
  }

  /** Deletes the oldest sets beyond `revisionHistoryLimit`, but none that still has pods. */
  async #deleteOldSets(oldSets: readonly KubeObject[]): Promise<void> {
    const limit = revisionHistoryLimit(this.#deployment);
    if (limit === undefined) return;
    const alive = oldSets.filter((set) => set.metadata.deletionTimestamp === undefined);
    const surplus = alive.length - limit;
    if (surplus <= 0) return;
    const ordered = alive.toSorted((a, b) => revisionOf(a) - revisionOf(b) || compareCreation(a, b));
    for (const set of ordered.slice(0, surplus)) {
      const outdated = (set.metadata.generation ?? 0) > statusCount(set, "observedGeneration");
      if (outdated || sumReplicas([set]) !== 0 || statusCount(set, "replicas") !== 0) continue;
      try {
        await this.#options.registry.delete(RESOURCES.replicasets, keyOf(set));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #writeStatus(status: DeploymentStatus): Promise<number | undefined> {
    const fields = statusFields(status);
    if (isDeepStrictEqual(statusFields(storedStatus(this.#deployment)), fields)) {
      return deadlineIn(this.#deployment, status, this.#now());
    }
    const { registry } = this.#options;
    const next = { ...this.#deployment, status: fields };
    this.#deployment = await registry.updateStatus(RESOURCES.deployments, keyOf(this.#deployment), next);
    return undefined;
  }
}
