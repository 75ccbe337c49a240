import type { KubeObject } from "../../lib/kube/object.ts";
import { schemaOf } from "../schema/schema.ts";
import { jsonOf, type JsonObject } from "./json.ts";
import type { StatusCause } from "./status-error.ts";
import {
  checkConfigMap,
  checkEndpointSlice,
  checkEvent,
  checkLease,
  checkNode,
  checkRoleBinding,
  checkSecret,
  checkService,
} from "./validation/core.ts";
import { checkEnums } from "./validation/enums.ts";
import { checkMetadata, checkMetadataUpdate } from "./validation/metadata.ts";
import { checkPodSpec, checkPodUpdate } from "./validation/pod-spec.ts";
import { structAt } from "./validation/values.ts";
import {
  checkCronJob,
  checkDaemonSet,
  checkDeployment,
  checkJob,
  checkReplicaSet,
  checkStatefulSet,
} from "./validation/workloads.ts";

type Check = (object: JsonObject, old: JsonObject | undefined) => readonly StatusCause[];

const checkPod: Check = (pod, old) => [
  ...checkPodSpec(structAt(pod, "spec"), "spec"),
  ...(old === undefined ? [] : checkPodUpdate(pod, old)),
];

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ["v1/Pod", checkPod],
  ["v1/Service", checkService],
  ["v1/ConfigMap", checkConfigMap],
  ["v1/Secret", checkSecret],
  ["v1/Event", checkEvent],
  ["v1/Node", checkNode],
  ["apps/v1/Deployment", checkDeployment],
  ["apps/v1/ReplicaSet", checkReplicaSet],
  ["apps/v1/DaemonSet", checkDaemonSet],
  ["apps/v1/StatefulSet", checkStatefulSet],
  ["batch/v1/Job", checkJob],
  ["batch/v1/CronJob", checkCronJob],
  ["discovery.k8s.io/v1/EndpointSlice", checkEndpointSlice],
  ["coordination.k8s.io/v1/Lease", checkLease],
  ["rbac.authorization.k8s.io/v1/RoleBinding", checkRoleBinding],
  ["rbac.authorization.k8s.io/v1/ClusterRoleBinding", checkRoleBinding],
]);

/**
 * What upstream's validation would say of a defaulted object (pkg/apis/…/validation): the causes of a 422, none where
 * it is good. `old` is the stored object of an update.
 */
export function validateObject(object: KubeObject, old: KubeObject | undefined): readonly StatusCause[] {
  const { apiVersion = "", kind = "" } = object;
  const now = jsonOf(object);
  const before = old === undefined ? undefined : jsonOf(old);
  const schema = schemaOf(apiVersion, kind);
  const faults = [
    ...checkMetadata(now, kind),
    ...(before === undefined ? [] : checkMetadataUpdate(now, before)),
    ...(schema === undefined ? [] : checkEnums(now, schema, "")),
    ...(CHECKS.get(`${apiVersion}/${kind}`)?.(now, before) ?? []),
  ];
  return distinct(faults);
}

/** The same fault of the same field once: enums are checked by the schema and by hand. */
function distinct(faults: readonly StatusCause[]): readonly StatusCause[] {
  if (faults.length < 2) return faults;
  const seen = new Set<string>();
  return faults.filter((fault) => {
    const key = `${fault.field ?? ""}\0${fault.message ?? ""}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
