import { parseApiVersion } from "../../lib/kube/gvr.ts";
import { asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { pluralOf } from "../plural.ts";

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
    { ...storageClass, name: asString(at(object, "spec", "storageClassName")), how: "storage class" },
  ],
  "autoscaling/horizontalpodautoscalers": (object) => {
    const target = asRecord(at(object, "spec", "scaleTargetRef"));
    const { group } = parseApiVersion(asString(target["apiVersion"]));
    return [{ group, resource: pluralOf(asString(target["kind"])), name: asString(target["name"]), how: "scales" }];
  },
  [`${RBAC}/rolebindings`]: bindingReferences,
  [`${RBAC}/clusterrolebindings`]: bindingReferences,
};

const storageClass: ResourceName = { group: "storage.k8s.io", resource: "storageclasses" };

function ingressReferences(object: KubeObject): readonly Reference[] {
  const backends = [
    at(object, "spec", "defaultBackend"),
    ...asRecords(at(object, "spec", "rules")).flatMap((rule) =>
      asRecords(at(rule, "http", "paths")).map((path) => path["backend"]),
    ),
  ];
  const services = new Set(backends.map((backend) => asString(at(backend, "service", "name"))));
  const secrets = new Set(asRecords(at(object, "spec", "tls")).map((tls) => asString(tls["secretName"])));
  return [
    ...[...services].map((name) => ({ ...core("services"), name, how: "backend" })),
    ...[...secrets].map((name) => ({ ...core("secrets"), name, how: "TLS" })),
  ];
}

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
