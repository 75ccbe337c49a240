import { asArray, asRecord, asRecords, asString, type KubeObject } from "../lib/kube/object.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What only one life of an object had: a new one must not claim it. */
const OF_ONE_LIFE = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
] as const;
/** By these a job finds its pods: the server gives new ones. */
const JOB_LABELS: ReadonlySet<string> = new Set(["controller-uid", "batch.kubernetes.io/controller-uid"]);
const BINDING_ANNOTATIONS: ReadonlySet<string> = new Set([
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
]);

/**
 * A deleted object as it may be created again: without what the server gave it and what binds it to things that went
 * with it.
 * @param owners uids of those of its owners that still live
 */
export function recreatable(object: KubeObject, owners: ReadonlySet<string>): KubeObject {
  const { status: _status, ...body } = object;
  const { annotations } = object.metadata;
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of OF_ONE_LIFE) delete metadata[field];
  const living = (object.metadata.ownerReferences ?? []).filter(({ uid }) => owners.has(uid));
  if (living.length > 0) metadata["ownerReferences"] = living;
  else delete metadata["ownerReferences"];
  // A finalizer of the old object may wait for work that was done: whoever needs it adds it again.
  delete metadata["finalizers"];
  if (annotations !== undefined) metadata["annotations"] = without(annotations, BINDING_ANNOTATIONS);
  const change = CHANGES[`${object.apiVersion ?? ""} ${object.kind ?? ""}`];
  return { ...body, ...(change === undefined ? {} : change(object)), metadata };
}

/** What becomes of single kinds, by apiVersion and kind. */
const CHANGES: Readonly<Record<string, ((object: KubeObject) => Fields) | undefined>> = {
  "v1 Pod": (pod) => ({ spec: without(asRecord(pod["spec"]), new Set(["nodeName"])) }),
  "v1 PersistentVolumeClaim": (claim) => ({ spec: without(asRecord(claim["spec"]), new Set(["volumeName"])) }),
  "v1 PersistentVolume": (volume) => {
    const spec = asRecord(volume["spec"]);
    const claim = without(asRecord(spec["claimRef"]), new Set(["uid", "resourceVersion"]));
    return { spec: { ...spec, ...("claimRef" in spec ? { claimRef: claim } : {}) } };
  },
  "v1 Namespace": () => ({ spec: {} }),
  "v1 ServiceAccount": () => ({ secrets: undefined }),
  "batch/v1 Job": (job) => {
    const spec = asRecord(job["spec"]);
    if (spec["manualSelector"] === true) return {};
    const template = asRecord(spec["template"]);
    const metadata = asRecord(template["metadata"]);
    const labels = without(asRecord(metadata["labels"]), JOB_LABELS);
    return {
      spec: {
        ...without(spec, new Set(["selector"])),
        template: { ...template, metadata: { ...metadata, labels } },
      },
    };
  },
};

function without<T>(record: Readonly<Record<string, T>>, keys: ReadonlySet<string>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.has(key)));
}

/** What does not come back with an object that is created again, a sentence each. */
export function lostWith(object: KubeObject): readonly string[] {
  const lost = ["It gets a new uid and an empty status."];
  switch (object.kind) {
    case "Namespace":
      lost.push("What was in it does not come back.");
      break;
    case "PersistentVolumeClaim":
      lost.push("It is bound to a volume anew: the data of the old one does not come back with it.");
      break;
    case "CustomResourceDefinition":
      lost.push("Its custom resources do not come back.");
      break;
    case "Service":
      if (asArray(asRecord(object["spec"])["clusterIPs"]).some((address) => asString(address) !== "None")) {
        lost.push("It asks for its old address; the server refuses where another service has it by now.");
      }
      break;
    case "Pod":
      break;
    default:
      lost.push("What was deleted with it does not come back, except what it makes anew.");
  }
  const owners = asRecords(object.metadata.ownerReferences).map(
    (owner) => `${asString(owner["kind"])} ${asString(owner["name"])}`,
  );
  if (owners.length > 0)
    lost.push(`It belongs to ${owners.join(", ")} again only where that still is the same object.`);
  return lost;
}
