import { asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { GATEWAY_GROUP, GATEWAY_ROUTES } from "../gateway-route.ts";
import { pluralOf } from "../plural.ts";
import {
  backendPolicyReferences,
  calledService,
  gatewayReferences,
  ingressReferences,
  routeReferences,
  targetReference,
  webhookReferences,
} from "./network-references.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A group and resource, in whatever version. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** One object that another names. It is in the same namespace, or in none, unless `namespace` says otherwise. */
export interface Reference extends ResourceName {
  readonly name: string;
  readonly namespace?: string;
  /** What it is used for: `volume data`, `env of main`, `TLS`. */
  readonly how: string;
  /** The container that uses it. */
  readonly container?: string;
  /** It may be missing without harm. */
  readonly optional?: boolean;
}

const RBAC = "rbac.authorization.k8s.io";
const core = (resource: string): ResourceName => ({ group: "", resource });

/** Every object that an object names, in the order of its fields. */
export function references({ group, resource }: ResourceName, object: KubeObject): readonly Reference[] {
  const spec = podSpecOf({ group, resource }, object);
  if (spec !== undefined) return podReferences(spec).filter(({ name }) => name !== "");
  return (readers[`${group}/${resource}`]?.(object) ?? []).filter(({ name }) => name !== "");
}

/** The pod spec within a pod, a workload, or anything with a pod template. */
function podSpecOf({ group, resource }: ResourceName, object: KubeObject): Fields | undefined {
  if (group === "" && resource === "pods") return asRecord(object["spec"]);
  const template =
    at(object, "spec", "template", "spec") ?? at(object, "spec", "jobTemplate", "spec", "template", "spec");
  return isRecord(template) && Array.isArray(template["containers"]) ? template : undefined;
}

function podReferences(spec: Fields): readonly Reference[] {
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((field) => asRecords(spec[field]));
  return [
    { ...core("serviceaccounts"), name: asString(spec["serviceAccountName"]), how: "service account" },
    ...asRecords(spec["imagePullSecrets"]).map((secret) => ({
      ...core("secrets"),
      name: asString(secret["name"]),
      how: "image pull",
    })),
    ...asRecords(spec["volumes"]).flatMap((volume) => volumeReferences(volume)),
    ...containers.flatMap((container) => containerReferences(container)),
    {
      group: "scheduling.k8s.io",
      resource: "priorityclasses",
      name: asString(spec["priorityClassName"]),
      how: "priority",
    },
    {
      group: "node.k8s.io",
      resource: "runtimeclasses",
      name: asString(spec["runtimeClassName"]),
      how: "runtime class",
    },
    ...asRecords(spec["resourceClaims"]).map((claim) => ({
      group: "resource.k8s.io",
      resource: "resourceclaims",
      name: asString(claim["resourceClaimName"]),
      how: `resource claim ${asString(claim["name"])}`,
    })),
  ];
}

function volumeReferences(volume: Fields): readonly Reference[] {
  const how = `volume ${asString(volume["name"])}`;
  const of = (resource: string, source: unknown, field: string): Reference => ({
    ...core(resource),
    name: asString(at(source, field)),
    how,
    optional: at(source, "optional") === true,
  });
  return [
    of("configmaps", volume["configMap"], "name"),
    of("secrets", volume["secret"], "secretName"),
    of("persistentvolumeclaims", volume["persistentVolumeClaim"], "claimName"),
    ...asRecords(at(volume, "projected", "sources")).flatMap((source) => [
      of("configmaps", source["configMap"], "name"),
      of("secrets", source["secret"], "name"),
    ]),
  ];
}

function containerReferences(container: Fields): readonly Reference[] {
  const name = asString(container["name"]);
  const seen = new Set<string>();
  const of = (resource: string, source: unknown): readonly Reference[] => {
    const object = asString(at(source, "name"));
    const key = `${resource}/${object}`;
    if (object === "" || seen.has(key)) return [];
    seen.add(key);
    const optional = at(source, "optional") === true;
    return [{ ...core(resource), name: object, how: `env of ${name}`, container: name, optional }];
  };
  return [
    ...asRecords(container["envFrom"]).flatMap((from) => [
      ...of("configmaps", from["configMapRef"]),
      ...of("secrets", from["secretRef"]),
    ]),
    ...asRecords(container["env"]).flatMap((variable) => [
      ...of("configmaps", at(variable, "valueFrom", "configMapKeyRef")),
      ...of("secrets", at(variable, "valueFrom", "secretKeyRef")),
    ]),
  ];
}

/** By `group/resource`, for what holds no pod spec. */
const readers: Readonly<Record<string, (object: KubeObject) => readonly Reference[]>> = {
  "networking.k8s.io/ingresses": ingressReferences,
  "/serviceaccounts": (object) =>
    [...asRecords(object["secrets"]), ...asRecords(object["imagePullSecrets"])].map((secret) => ({
      ...core("secrets"),
      name: asString(secret["name"]),
      how: "secret",
    })),
  "/persistentvolumeclaims": (object) => [
    { ...core("persistentvolumes"), name: asString(at(object, "spec", "volumeName")), how: "volume" },
    { ...storageClass, name: asString(at(object, "spec", "storageClassName")), how: "storage class" },
  ],
  "/persistentvolumes": (object) => [
    {
      ...core("persistentvolumeclaims"),
      name: asString(at(object, "spec", "claimRef", "name")),
      namespace: asString(at(object, "spec", "claimRef", "namespace")),
      how: "bound to",
    },
    { ...storageClass, name: asString(at(object, "spec", "storageClassName")), how: "storage class" },
  ],
  "autoscaling/horizontalpodautoscalers": (object) => [targetReference(at(object, "spec", "scaleTargetRef"), "scales")],
  [`${RBAC}/rolebindings`]: bindingReferences,
  [`${RBAC}/clusterrolebindings`]: bindingReferences,
  [`${GATEWAY_GROUP}/gateways`]: gatewayReferences,
  ...Object.fromEntries(GATEWAY_ROUTES.map((resource) => [`${GATEWAY_GROUP}/${resource}`, routeReferences])),
  [`${GATEWAY_GROUP}/backendtlspolicies`]: backendPolicyReferences,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhookReferences,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhookReferences,
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": (object) => [
    {
      group: "admissionregistration.k8s.io",
      resource: "validatingadmissionpolicies",
      name: asString(at(object, "spec", "policyName")),
      how: "policy",
    },
  ],
  "apiregistration.k8s.io/apiservices": (object) => [calledService(at(object, "spec", "service"), "served by")],
  "storage.k8s.io/volumeattachments": (object) => [
    {
      ...core("persistentvolumes"),
      name: asString(at(object, "spec", "source", "persistentVolumeName")),
      how: "attaches",
    },
    { ...core("nodes"), name: asString(at(object, "spec", "nodeName")), how: "to node" },
  ],
};

const storageClass: ResourceName = { group: "storage.k8s.io", resource: "storageclasses" };

function bindingReferences(object: KubeObject): readonly Reference[] {
  const role = asRecord(object["roleRef"]);
  return [
    { group: RBAC, resource: pluralOf(asString(role["kind"])), name: asString(role["name"]), how: "role" },
    ...asRecords(object["subjects"])
      .filter((subject) => subject["kind"] === "ServiceAccount")
      .map((subject) => ({
        ...core("serviceaccounts"),
        name: asString(subject["name"]),
        namespace: asString(subject["namespace"], object.metadata.namespace),
        how: "subject",
      })),
  ];
}
