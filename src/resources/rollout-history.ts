import {
  asNumber,
  asRecord,
  asRecords,
  asString,
  at,
  controllerOf,
  isRecord,
  type KubeObject,
} from "../lib/kube/object.ts";

/** What a workload's template was, and the patch that makes it so again. */
export interface Revision {
  readonly number: number;
  /** Of the ReplicaSet or ControllerRevision that holds it. */
  readonly name: string;
  readonly template: unknown;
  readonly images: readonly string[];
  readonly changeCause: string;
  readonly createdAt: string;
  /** The workload's template is this one. */
  readonly current: boolean;
  readonly patch: { readonly type: "json" | "strategic"; readonly body: unknown };
}

/** Where the revisions of a workload are kept: deployments keep ReplicaSets, the others ControllerRevisions. */
export function revisionResource(workload: string): string {
  return workload === "deployments" ? "replicasets" : "controllerrevisions";
}

/** The revisions of a workload, newest first, out of the objects of `revisionResource` in its namespace. */
export function revisionsOf(workload: KubeObject, kept: readonly KubeObject[]): readonly Revision[] {
  const own = kept.filter((object) => controllerOf(object)?.uid === workload.metadata.uid);
  const found = own.flatMap((object) => revision(workload, object) ?? []);
  found.sort((left, right) => right.number - left.number);
  // A workload runs the newest revision it has.
  return found.map((each, index) => ({ ...each, current: index === 0 }));
}

function revision(workload: KubeObject, object: KubeObject): Revision | undefined {
  const { name = "", annotations = {}, creationTimestamp } = object.metadata;
  const replicaSet = annotations["deployment.kubernetes.io/revision"];
  const number = replicaSet === undefined ? asNumber(object["revision"]) : Number(replicaSet);
  if (!Number.isInteger(number) || number < 1) return undefined;
  const data = object["data"];
  const template =
    replicaSet === undefined
      ? withoutDirective(at(data, "spec", "template"))
      : withoutHash(at(object, "spec", "template"));
  if (!isRecord(template)) return undefined;
  return {
    number,
    name,
    template,
    images: asRecords(at(template, "spec", "containers")).map((container) => asString(container["image"])),
    changeCause: annotations["kubernetes.io/change-cause"] ?? "",
    createdAt: creationTimestamp ?? "",
    current: false,
    patch: replicaSet === undefined ? { type: "strategic", body: data } : templatePatch(workload, template),
  };
}

/** As `kubectl rollout undo` does for a deployment (polymorphichelpers/rollback.go), and only on this very object. */
function templatePatch(workload: KubeObject, template: unknown): Revision["patch"] {
  const { uid } = workload.metadata;
  const test = uid === undefined ? [] : [{ op: "test", path: "/metadata/uid", value: uid }];
  return { type: "json", body: [...test, { op: "replace", path: "/spec/template", value: template }] };
}

/** The label that tells the pods of ReplicaSets apart is no part of the deployment's template. */
function withoutHash(template: unknown): unknown {
  const metadata = asRecord(at(template, "metadata"));
  const { "pod-template-hash": _hash, ...labels } = asRecord(metadata["labels"]);
  return isRecord(template) ? { ...template, metadata: { ...metadata, labels } } : undefined;
}

/** `$patch: replace` tells the server how to merge; it is no field. */
function withoutDirective(template: unknown): unknown {
  if (!isRecord(template)) return undefined;
  const { $patch: _directive, ...fields } = template;
  return fields;
}
