import { isJsonArray } from "../json.ts";
import { ensureStruct, setDefault, structOf, structsOf, type Fields } from "./fields.ts";

/** `SetDefaults_Namespace`, and what its strategy adds on creation. */
export function defaultNamespace(namespace: Fields): void {
  const metadata = ensureStruct(namespace, "metadata");
  const name = metadata["name"];
  if (typeof name === "string" && name !== "") ensureStruct(metadata, "labels")["kubernetes.io/metadata.name"] = name;
  setDefault(ensureStruct(namespace, "status"), "phase", "Active");
  // A namespace under deletion loses its finalizers one by one: those must not come back.
  if (metadata["deletionTimestamp"] !== undefined) return;
  const spec = ensureStruct(namespace, "spec");
  const finalizers = spec["finalizers"];
  if (!isJsonArray(finalizers)) spec["finalizers"] = ["kubernetes"];
  else if (!finalizers.includes("kubernetes")) spec["finalizers"] = [...finalizers, "kubernetes"];
}

/** `SetDefaults_Secret`, and `stringData` moved into `data` as the conversion to the stored form does. */
export function defaultSecret(secret: Fields): void {
  setDefault(secret, "type", "Opaque");
  const texts = structOf(secret, "stringData");
  if (texts !== undefined) {
    const data = ensureStruct(secret, "data");
    for (const [key, text] of Object.entries(texts)) {
      if (typeof text === "string") data[key] = Buffer.from(text, "utf8").toString("base64");
    }
  }
  delete secret["stringData"];
}

const AFFINITY_SECONDS = 10_800;

/** `SetDefaults_Service`, and the IP families of a single-stack IPv4 cluster. */
export function defaultService(service: Fields): void {
  const spec = ensureStruct(service, "spec");
  setDefault(spec, "sessionAffinity", "None");
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"];
  if (spec["sessionAffinity"] === "ClientIP") {
    setDefault(
      ensureStruct(ensureStruct(spec, "sessionAffinityConfig"), "clientIP"),
      "timeoutSeconds",
      AFFINITY_SECONDS,
    );
  }
  setDefault(spec, "type", "ClusterIP");
  for (const port of structsOf(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    const target = port["targetPort"];
    if ((target === undefined || target === 0 || target === "") && port["port"] !== undefined) {
      port["targetPort"] = port["port"];
    }
  }
  const type = spec["type"];
  const external = isJsonArray(spec["externalIPs"]) && spec["externalIPs"].length > 0;
  if (type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && external)) {
    setDefault(spec, "externalTrafficPolicy", "Cluster");
  }
  if (type === "ExternalName") return;
  setDefault(spec, "internalTrafficPolicy", "Cluster");
  if (type === "LoadBalancer") setDefault(spec, "allocateLoadBalancerNodePorts", true);
  defaultIpFamilies(spec);
}

function defaultIpFamilies(spec: Fields): void {
  const clusterIp = spec["clusterIP"];
  if (typeof clusterIp === "string" && clusterIp !== "") setDefault(spec, "clusterIPs", [clusterIp]);
  const selector = structOf(spec, "selector");
  // Endpoints of a headless service without a selector come from elsewhere and may be of both families.
  const anyFamily = clusterIp === "None" && (selector === undefined || Object.keys(selector).length === 0);
  setDefault(spec, "ipFamilyPolicy", anyFamily ? "RequireDualStack" : "SingleStack");
  const families = spec["ipFamilies"];
  if (!isJsonArray(families) || families.length === 0) spec["ipFamilies"] = anyFamily ? ["IPv4", "IPv6"] : ["IPv4"];
}

/** `SetDefaults_NodeStatus`. */
export function defaultNode(node: Fields): void {
  const status = structOf(node, "status");
  const capacity = structOf(status, "capacity");
  if (status !== undefined && capacity !== undefined) setDefault(status, "allocatable", structuredClone(capacity));
}

export function defaultEndpoints(endpoints: Fields): void {
  for (const subset of structsOf(endpoints, "subsets")) {
    for (const port of structsOf(subset, "ports")) setDefault(port, "protocol", "TCP");
  }
}

/** discovery/v1 `SetDefaults_EndpointPort`. */
export function defaultEndpointSlice(slice: Fields): void {
  for (const port of structsOf(slice, "ports")) {
    setDefault(port, "name", "");
    setDefault(port, "protocol", "TCP");
  }
}

export function defaultPersistentVolume(volume: Fields): void {
  const spec = ensureStruct(volume, "spec");
  setDefault(ensureStruct(volume, "status"), "phase", "Pending");
  setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  setDefault(spec, "volumeMode", "Filesystem");
  const hostPath = structOf(spec, "hostPath");
  if (hostPath !== undefined) setDefault(hostPath, "type", "");
}

export function defaultPersistentVolumeClaim(claim: Fields): void {
  setDefault(ensureStruct(claim, "status"), "phase", "Pending");
  setDefault(ensureStruct(claim, "spec"), "volumeMode", "Filesystem");
}

const RBAC_GROUP = "rbac.authorization.k8s.io";

/** rbac/v1 `SetDefaults_RoleBinding` and `SetDefaults_Subject`. */
export function defaultRoleBinding(binding: Fields): void {
  setDefault(ensureStruct(binding, "roleRef"), "apiGroup", RBAC_GROUP);
  for (const subject of structsOf(binding, "subjects")) {
    if (subject["kind"] === "User" || subject["kind"] === "Group") setDefault(subject, "apiGroup", RBAC_GROUP);
  }
}

export function defaultStorageClass(storageClass: Fields): void {
  setDefault(storageClass, "reclaimPolicy", "Delete");
  setDefault(storageClass, "volumeBindingMode", "Immediate");
}

export function defaultNetworkPolicy(policy: Fields): void {
  const spec = ensureStruct(policy, "spec");
  for (const rule of [...structsOf(spec, "ingress"), ...structsOf(spec, "egress")]) {
    for (const port of structsOf(rule, "ports")) setDefault(port, "protocol", "TCP");
  }
  if (isJsonArray(spec["policyTypes"]) && spec["policyTypes"].length > 0) return;
  const egress = structsOf(spec, "egress").length > 0;
  spec["policyTypes"] = egress ? ["Ingress", "Egress"] : ["Ingress"];
}
