import type { KubeObject } from "../../lib/kube/object.ts";
import { schemaOf } from "../schema/schema.ts";
import {
  defaultEndpoints,
  defaultEndpointSlice,
  defaultNamespace,
  defaultNetworkPolicy,
  defaultNode,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultRoleBinding,
  defaultSecret,
  defaultService,
  defaultStorageClass,
} from "./defaulting/core.ts";
import { setDefault, type Fields } from "./defaulting/fields.ts";
import { defaultPod, defaultPodSpec } from "./defaulting/pod-spec.ts";
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from "./defaulting/workloads.ts";
import { isJsonObject, jsonOf, kubeObjectOf } from "./json.ts";
import { normalizeObject } from "./normalize.ts";

const DEFAULTS: ReadonlyMap<string, (object: Fields) => void> = new Map<string, (object: Fields) => void>([
  ["v1/Namespace", defaultNamespace],
  ["v1/Node", defaultNode],
  ["v1/Pod", defaultPod],
  ["v1/PodTemplate", (object) => podTemplate(object)],
  ["v1/Secret", defaultSecret],
  ["v1/Service", defaultService],
  ["v1/Endpoints", defaultEndpoints],
  ["v1/PersistentVolume", defaultPersistentVolume],
  ["v1/PersistentVolumeClaim", defaultPersistentVolumeClaim],
  ["v1/ReplicationController", defaultReplicationController],
  ["apps/v1/Deployment", defaultDeployment],
  ["apps/v1/ReplicaSet", defaultReplicaSet],
  ["apps/v1/DaemonSet", defaultDaemonSet],
  ["apps/v1/StatefulSet", defaultStatefulSet],
  ["batch/v1/Job", defaultJob],
  ["batch/v1/CronJob", defaultCronJob],
  ["discovery.k8s.io/v1/EndpointSlice", defaultEndpointSlice],
  ["networking.k8s.io/v1/NetworkPolicy", defaultNetworkPolicy],
  ["rbac.authorization.k8s.io/v1/RoleBinding", defaultRoleBinding],
  ["rbac.authorization.k8s.io/v1/ClusterRoleBinding", defaultRoleBinding],
  ["scheduling.k8s.io/v1/PriorityClass", (object) => setDefault(object, "preemptionPolicy", "PreemptLowerPriority")],
  ["storage.k8s.io/v1/StorageClass", defaultStorageClass],
]);

function podTemplate(object: Fields): void {
  const template = object["template"];
  if (isJsonObject(template) && isJsonObject(template["spec"])) defaultPodSpec(template["spec"]);
}

/**
 * The object as upstream would store it: decoded into Go types (nulls dropped, quantities in canonical form, fields
 * that are always written filled in) and defaulted. Applying it again changes nothing. The argument stays as it is.
 */
export function applyDefaults(object: KubeObject): KubeObject {
  const { apiVersion = "", kind = "" } = object;
  const schema = schemaOf(apiVersion, kind);
  const copy: Fields =
    schema === undefined ? structuredClone({ ...jsonOf(object) }) : normalizeObject(jsonOf(object), schema);
  DEFAULTS.get(`${apiVersion}/${kind}`)?.(copy);
  return kubeObjectOf(copy);
}
