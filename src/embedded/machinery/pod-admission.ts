import { asArray, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { randomSuffix } from "./names.ts";
import type { StrategyContext } from "./served-resource.ts";
import { forbidden } from "./status-error.ts";

const TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the admission plugins ServiceAccount, Priority and DefaultTolerationSeconds do to a new pod (upstream:
 * plugin/pkg/admission).
 */
export function admitPod(pod: KubeObject, context: StrategyContext): KubeObject {
  const spec: Fields = { ...asRecord(pod["spec"]) };
  const tolerations = withDefaultTolerations(asRecords(spec["tolerations"]));
  const admitted = { ...spec, tolerations, ...priorityOf(spec, context) };
  return { ...pod, spec: context.serviceAccountAdmission ? withServiceAccount(pod, admitted, context) : admitted };
}

function withDefaultTolerations(given: readonly Fields[]): readonly Fields[] {
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter(
      (key) =>
        !given.some(
          (each) =>
            (asString(each["key"]) === key || asString(each["key"]) === "") &&
            (each["effect"] === "NoExecute" || asString(each["effect"]) === ""),
        ),
    )
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return [...given, ...added];
}

function priorityOf(spec: Fields, context: StrategyContext): Fields {
  const className = asString(spec["priorityClassName"]);
  const classes = context.list("priorityclasses.scheduling.k8s.io");
  if (className === "") {
    const standard = classes.find((each) => each["globalDefault"] === true);
    if (standard === undefined) return { priority: 0, preemptionPolicy: "PreemptLowerPriority" };
    return {
      priority: standard["value"],
      priorityClassName: standard.metadata.name,
      preemptionPolicy: standard["preemptionPolicy"] ?? "PreemptLowerPriority",
    };
  }
  const builtIn: Readonly<Record<string, number>> = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
  };
  const found = classes.find((each) => each.metadata.name === className);
  const value = found?.["value"] ?? builtIn[className];
  if (value === undefined) {
    throw forbidden({ group: "", resource: "pods" }, "", `no PriorityClass with name ${className} was found`);
  }
  return { priority: value, preemptionPolicy: found?.["preemptionPolicy"] ?? "PreemptLowerPriority" };
}

function withServiceAccount(pod: KubeObject, spec: Fields, context: StrategyContext): Fields {
  const namespace = pod.metadata.namespace ?? "";
  const name = asString(spec["serviceAccountName"]) || "default";
  const account = context.get("serviceaccounts", namespace, name);
  if (account === undefined) {
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden({ group: "", resource: "pods" }, pod.metadata.name ?? "", why);
  }
  const named: Fields = { ...spec, serviceAccountName: name, serviceAccount: name };
  const withSecrets =
    asArray(spec["imagePullSecrets"]).length === 0 && asArray(account["imagePullSecrets"]).length > 0
      ? { ...named, imagePullSecrets: account["imagePullSecrets"] }
      : named;
  const automount = spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"] ?? true;
  return automount === true ? withTokenVolume(withSecrets) : withSecrets;
}

/** The projected volume `kube-api-access-…` and its mount in every container that has nothing at that path. */
function withTokenVolume(spec: Fields): Fields {
  const volumes = asRecords(spec["volumes"]);
  const existing = volumes.find((volume) => asString(volume["name"]).startsWith("kube-api-access-"));
  const name = existing === undefined ? `kube-api-access-${randomSuffix()}` : asString(existing["name"]);
  let used = false;
  const mount = (container: Fields): Fields => {
    const mounts = asRecords(container["volumeMounts"]);
    if (mounts.some((each) => each["mountPath"] === TOKEN_MOUNT)) return container;
    used = true;
    return { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath: TOKEN_MOUNT }] };
  };
  const containers = asRecords(spec["containers"]).map(mount);
  const initContainers = asRecords(spec["initContainers"]).map(mount);
  return {
    ...spec,
    containers,
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(used && existing === undefined ? { volumes: [...volumes, tokenVolume(name)] } : {}),
  };
}

function tokenVolume(name: string): Fields {
  const namespaceField = { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } };
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [namespaceField] } },
      ],
    },
  };
}

/** Upstream: pkg/apis/core/v1/helper/qos, ComputePodQOS. */
export function qosClass(pod: KubeObject): "Guaranteed" | "Burstable" | "BestEffort" {
  const containers = [...asRecords(at(pod, "spec", "containers")), ...asRecords(at(pod, "spec", "initContainers"))];
  let any = false;
  let guaranteed = true;
  for (const container of containers) {
    for (const resource of ["cpu", "memory"]) {
      const limit = parseQuantity(at(container, "resources", "limits", resource)) ?? 0;
      const request = parseQuantity(at(container, "resources", "requests", resource)) ?? 0;
      if (limit > 0 || request > 0) any = true;
      if (limit === 0 || limit !== request) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
