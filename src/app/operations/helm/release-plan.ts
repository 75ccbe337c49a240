import { isApiError } from "../../../cluster/api-error.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import { cleanForEdit, computePatch } from "../../../cluster/edit.ts";
import { TimeSlice } from "../../../cluster/time-slice.ts";
import type { TargetObject } from "../../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../../lib/errors.ts";
import { apiVersionOf, parseApiVersion, type ApiResource } from "../../../lib/kube/gvr.ts";
import { asRecord, isRecord, type KubeObject } from "../../../lib/kube/object.ts";
import { inDeletionOrder } from "../../../resources/helm/kind-order.ts";
import { manifestObjects, type ManifestObject } from "../../../resources/helm/manifest.ts";
import { threeWayMerge } from "../../../resources/helm/three-way-merge.ts";

/** What happens to one object of a release. */
export interface PlannedChange {
  readonly action: "create" | "change" | "delete" | "keep" | "same" | "gone";
  readonly kind: string;
  /** The object as it is, or as it will be created. */
  readonly target: TargetObject;
  /** Why it is kept. */
  readonly reason?: string;
  /** The server refused the change when it was asked without writing it. */
  readonly refusal?: string;
  /** What it becomes, of a change. */
  readonly after?: KubeObject;
  /** The same patch for the object as it is now, or as it has become meanwhile. */
  readonly patchOf?: (live: KubeObject) => unknown;
}

/** A release as its objects name it. */
export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

const AT_ONCE = 8;

/** Told after each object that was looked at. */
export type Progress = (done: number, of: number) => void;

/** Runs `work` over all items, some at a time, and keeps their order. */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  progress?: Progress,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      results.set(index, await work(item));
      progress?.(results.size, items.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return [...results].sort(([left], [right]) => left - right).map(([, result]) => result);
}

/**
 * What a rollback does: each object of the target by a three-way merge with what the current revision said and what is
 * live, then what the target no longer has. As `Update` of helm/pkg/kube/client.go, but that an object which is live
 * and in no revision keeps the fields the target does not name. The server is asked without writing what it makes of
 * each change: that is shown, and what comes to no change is left alone.
 * @throws KelpieError where a manifest cannot be read or names a kind that the server does not have
 */
export async function planRollBack(
  cluster: Cluster,
  release: ReleaseName,
  manifests: { readonly current: string; readonly target: string },
  progress: Progress,
): Promise<readonly PlannedChange[]> {
  const slice = new TimeSlice();
  const breathe = (): Promise<void> => slice.breathe();
  const old = await manifestObjects(manifests.current, breathe);
  const wanted = (await manifestObjects(manifests.target, breathe)).map((each) => withOwner(each, release));
  const places = new Map(old.map((each) => [placeOf(cluster, each, release), each]));
  const changes = await inParallel(
    wanted,
    (each) => planObject(cluster, release, each, () => places.get(placeOf(cluster, each, release))),
    progress,
  );
  const kept = new Set(wanted.map((each) => placeOf(cluster, each, release)));
  const surplus = old.filter((each) => !kept.has(placeOf(cluster, each, release)));
  return [...changes, ...(await planDeletions(cluster, release, surplus, progress))];
}

/** What an uninstallation does, in helm's order. */
export async function planUninstall(
  cluster: Cluster,
  release: ReleaseName,
  manifest: string,
  progress: Progress,
): Promise<readonly PlannedChange[]> {
  const slice = new TimeSlice();
  const objects = await manifestObjects(manifest, () => slice.breathe());
  return planDeletions(cluster, release, inDeletionOrder(objects), progress);
}

function planDeletions(
  cluster: Cluster,
  release: ReleaseName,
  objects: readonly ManifestObject[],
  progress: Progress,
): Promise<readonly PlannedChange[]> {
  return inParallel(objects, (each) => planDeletion(cluster, release, each), progress);
}

async function planDeletion(cluster: Cluster, release: ReleaseName, each: ManifestObject): Promise<PlannedChange> {
  const live = await readLive(cluster, release, each);
  const target = targetOf(cluster, release, each, live);
  if (live === undefined) return { action: "gone", kind: each.kind, target };
  const annotations = live.metadata.annotations ?? {};
  if (each.keep || annotations["helm.sh/resource-policy"]?.trim().toLowerCase() === "keep") {
    return { action: "keep", kind: each.kind, target, reason: "helm.sh/resource-policy: keep" };
  }
  const [name, namespace] = [annotations[NAME], annotations[NAMESPACE] ?? release.namespace];
  if (name !== undefined && (name !== release.name || namespace !== release.namespace)) {
    return { action: "keep", kind: each.kind, target, reason: `it is of the release ${namespace}/${name} by now` };
  }
  return { action: "delete", kind: each.kind, target };
}

/**
 * What is to be done to one object.
 * @param oldOf what was said of the object before: fields that are no longer said go
 */
export async function planObject(
  cluster: Cluster,
  release: ReleaseName,
  wanted: ManifestObject,
  oldOf: (live: KubeObject) => ManifestObject | undefined,
): Promise<PlannedChange> {
  const { kind } = wanted;
  const live = await readLive(cluster, release, wanted);
  const target = targetOf(cluster, release, wanted, live);
  if (live === undefined) return { action: "create", kind, target, after: wanted.object };
  const old = oldOf(live);
  const patchOf = (now: KubeObject): unknown => objectPatch(target.resource, old?.object, wanted.object, now);
  const patch = patchOf(live);
  if (patch === undefined) return { action: "same", kind, target };
  try {
    const after = named(await cluster.writes.patch(target, "merge", patch, { dryRun: true }), target.resource);
    if (computePatch(cleanForEdit(live), cleanForEdit(after)) === undefined) return { action: "same", kind, target };
    return { action: "change", kind, target, after, patchOf };
  } catch (error) {
    const after = { ...live, ...asRecord(threeWayMerge(old?.object, wanted.object, live)), metadata: live.metadata };
    const refusal = kind === "Secret" ? "the server's words may hold a value of it" : errorMessage(error);
    return { action: "change", kind, target, after, patchOf, refusal };
  }
}

/** Kinds that are no part of Kubernetes itself: their lists have no keys that anybody knows of. */
function isCustom({ group }: ApiResource): boolean {
  if (group === "apiextensions.k8s.io") return true;
  return group.includes(".") && !group.endsWith(".k8s.io");
}

/** The JSON merge patch of a change; it holds for this version of the live object alone. */
function objectPatch(
  resource: ApiResource,
  old: KubeObject | undefined,
  wanted: KubeObject,
  live: KubeObject,
): unknown {
  const patch = isCustom(resource)
    ? computePatch(old ?? {}, wanted)
    : computePatch(live, asRecord(threeWayMerge(old, wanted, live)));
  if (!isRecord(patch)) return undefined;
  return { ...patch, metadata: { ...asRecord(patch["metadata"]), resourceVersion: live.metadata.resourceVersion } };
}

const NAME = "meta.helm.sh/release-name";
const NAMESPACE = "meta.helm.sh/release-namespace";

/** The marks of helm's ownership: helm/pkg/action/validate.go. */
function withOwner(wanted: ManifestObject, release: ReleaseName): ManifestObject {
  const { metadata } = wanted.object;
  const labels = { ...metadata.labels, "app.kubernetes.io/managed-by": "Helm" };
  const annotations = { ...metadata.annotations, [NAME]: release.name, [NAMESPACE]: release.namespace };
  return { ...wanted, object: { ...wanted.object, metadata: { ...metadata, labels, annotations } } };
}

/** @throws KelpieError where the server has no such kind */
function resourceOf(cluster: Cluster, { apiVersion, kind, name }: ManifestObject): ApiResource {
  const { group, version } = parseApiVersion(apiVersion);
  const found = cluster.catalog.get().resources.find((each) => each.group === group && each.kind === kind);
  if (found !== undefined) return { ...found, version };
  throw new KelpieError(`${kind} ${name}: the server does not serve ${kind} of ${apiVersion}`, {
    hint: "install what defines the kind first",
  });
}

function targetOf(
  cluster: Cluster,
  release: ReleaseName,
  each: ManifestObject,
  live: KubeObject | undefined,
): TargetObject {
  const resource = resourceOf(cluster, each);
  const namespace = resource.namespaced ? (each.namespace ?? release.namespace) : "";
  return { resource, namespace, name: each.name, uid: live?.metadata.uid, object: live ?? each.object };
}

function placeOf(cluster: Cluster, each: ManifestObject, release: ReleaseName): string {
  const { resource, namespace, name } = targetOf(cluster, release, each, undefined);
  return [resource.group, resource.kind, namespace, name].join(" ");
}

async function readLive(cluster: Cluster, release: ReleaseName, each: ManifestObject): Promise<KubeObject | undefined> {
  const { resource, namespace, name } = targetOf(cluster, release, each, undefined);
  try {
    return withoutManagedFields(named(await cluster.get({ resource, namespace, name }), resource));
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

function named(object: KubeObject, resource: ApiResource): KubeObject {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** How often a change is computed anew because the object changed in between. */
const MOST_ATTEMPTS = 5;

/**
 * Writes one change of a plan.
 * @param verb what the journal calls it
 * @throws KelpieError where the object has changed so that the change would be another than was agreed to
 */
export async function applyChange(cluster: Cluster, change: PlannedChange, verb = "roll back"): Promise<void> {
  const { action, target, patchOf, after } = change;
  if (action === "create" && after !== undefined) {
    await cluster.writes.create(target.resource, target.namespace, after, { lenient: true });
  } else if (action === "delete") {
    await cluster.writes.delete(target).catch((error: unknown) => {
      // Somebody else was quicker.
      if (!isApiError(error, 404)) throw error;
    });
  } else if (action === "change" && patchOf !== undefined) {
    await sendPatch(cluster, target, patchOf, verb);
  }
}

async function sendPatch(
  cluster: Cluster,
  target: TargetObject,
  patchOf: (live: KubeObject) => unknown,
  verb: string,
): Promise<void> {
  const agreed = withoutVersion(patchOf(target.object));
  let live = target.object;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await cluster.writes.patch(target, "merge", patchOf(live), { verb });
      return;
    } catch (error) {
      if (!isApiError(error, 409) || attempt === MOST_ATTEMPTS) throw error;
      const { resource, namespace, name } = target;
      live = withoutManagedFields(named(await cluster.get({ resource, namespace, name }), resource));
      // A controller that reports a status is no conflict: the change is the one that was shown.
      if (live.metadata.uid === target.uid && withoutVersion(patchOf(live)) === agreed) continue;
      throw new KelpieError(`${change(target)} was changed by somebody else meanwhile`, { cause: error });
    }
  }
}

function change({ resource, name }: TargetObject): string {
  return `${resource.kind} ${name}`;
}

function withoutVersion(patch: unknown): string {
  return JSON.stringify(patch, (key, value: unknown) => (key === "resourceVersion" ? undefined : value));
}
