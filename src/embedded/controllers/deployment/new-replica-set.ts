import { asRecord, at, type KubeObject } from "../../../lib/kube/object.ts";
import { isJsonObject } from "../../machinery/json.ts";
import { podTemplateHash } from "../../machinery/names.ts";
import { controllerReference } from "../runtime/owner-claims.ts";
import { stringMap } from "../runtime/pod-control.ts";
import {
  DESIRED_REPLICAS,
  desiredReplicas,
  MAX_REPLICAS,
  maxSurge,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  TEMPLATE_HASH,
} from "./deployment-spec.ts";

/** Annotations of a deployment that its ReplicaSets do not get. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);
/** Characters a revision history may take. */
const MAX_HISTORY_LENGTH = 2000;

type Annotations = Readonly<Record<string, string>>;

/** The ReplicaSet for the deployment's present template, with no pods yet. */
export function buildNewSet(
  deployment: KubeObject,
  collisionCount: number | undefined,
  revision: number,
  replicas: number,
): KubeObject {
  const specified = at(deployment, "spec", "template");
  const template = isJsonObject(specified) ? specified : {};
  const templateMetadata = asRecord(template["metadata"]);
  const hash = podTemplateHash(template, collisionCount);
  const labels = { ...stringMap(templateMetadata["labels"]), [TEMPLATE_HASH]: hash };
  const selector = asRecord(at(deployment, "spec", "selector"));
  const minReadySeconds = at(deployment, "spec", "minReadySeconds");
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name ?? ""}-${hash}`,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { ...newSetAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...asRecord(selector["matchLabels"]), [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...templateMetadata, labels } },
    },
  };
}

/** The annotations that say for which size of the deployment a ReplicaSet was sized. */
export function sizeAnnotations(deployment: KubeObject): Annotations {
  const replicas = desiredReplicas(deployment);
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(deployment)) };
}

/** Whether an object has all of these annotations already. */
export function hasAnnotations(object: KubeObject, wanted: Annotations): boolean {
  return Object.entries(wanted).every(([key, value]) => object.metadata.annotations?.[key] === value);
}

/**
 * What the new ReplicaSet's annotations should be: the deployment's, and the revision, which only ever grows; one
 * that is used again (a rollback) remembers the revisions it was (upstream SetNewReplicaSetAnnotations).
 */
export function newSetAnnotations(deployment: KubeObject, set: KubeObject | undefined, revision: number): Annotations {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key));
  const annotations = { ...set?.metadata.annotations, ...Object.fromEntries(copied) };
  const previous = set === undefined ? 0 : revisionOf(set);
  if (previous >= revision) return annotations;
  const history = previous === 0 ? {} : { [REVISION_HISTORY]: withRevision(annotations[REVISION_HISTORY], previous) };
  return { ...annotations, [REVISION]: String(revision), ...history };
}

function withRevision(history: string | undefined, revision: number): string {
  const revisions = (history ?? "").split(",").filter((entry) => entry !== "");
  revisions.push(String(revision));
  while (revisions.join(",").length > MAX_HISTORY_LENGTH) revisions.shift();
  return revisions.join(",");
}
