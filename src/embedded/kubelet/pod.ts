import { asArray, asNumber, asRecord, asRecords, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * `sidecar` is an init container with `restartPolicy: Always`: it starts in the order of the init containers and runs
 * beside the main ones until they have ended.
 */
export type ContainerRole = "init" | "sidecar" | "main" | "ephemeral";

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath: string;
  readonly subPathExpr: string;
  readonly readOnly: boolean;
}

/** A container of a pod's spec, defaulted as upstream does so that objects stored without defaults work too. */
export interface PodContainer {
  readonly role: ContainerRole;
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly Fields[];
  readonly envFrom: readonly Fields[];
  readonly ports: readonly Fields[];
  readonly limits: Readonly<Record<string, string>>;
  readonly requests: Readonly<Record<string, string>>;
  /** `resources` as written. */
  readonly resources: Fields | undefined;
  readonly volumeMounts: readonly VolumeMount[];
  readonly livenessProbe: Fields | undefined;
  readonly readinessProbe: Fields | undefined;
  readonly startupProbe: Fields | undefined;
  readonly postStart: Fields | undefined;
  readonly preStop: Fields | undefined;
  readonly stopSignal: string;
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: "File" | "FallbackToLogsOnError";
  readonly securityContext: Fields;
  /** The container whose processes an ephemeral one shares; empty for none. */
  readonly targetContainerName: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** The whole spec of the container, as stored. */
  readonly spec: Fields;
}

/** What the node agent needs of a pod; `object` is the stored one. */
export interface Pod {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  readonly terminationGracePeriodSeconds: number;
  readonly activeDeadlineSeconds: number | undefined;
  /** In order; sidecars among them. */
  readonly initContainers: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
  readonly ephemeralContainers: readonly PodContainer[];
  readonly volumes: readonly Fields[];
  readonly securityContext: Fields;
  readonly dnsPolicy: string;
  readonly dnsConfig: Fields;
  readonly hostAliases: readonly Fields[];
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly serviceAccountName: string;
  readonly nodeName: string;
  readonly readinessGates: readonly string[];
  readonly deleting: boolean;
  readonly deletionGracePeriodSeconds: number | undefined;
  readonly status: Fields;
}

/** Reads a stored pod. Anything malformed becomes its default: validation has happened before. */
export function parsePod(object: KubeObject): Pod {
  const spec = asRecord(object["spec"]);
  const { metadata } = object;
  const name = metadata.name ?? "";
  const grace = spec["terminationGracePeriodSeconds"];
  const deadline = spec["activeDeadlineSeconds"];
  return {
    object,
    namespace: metadata.namespace ?? "",
    name,
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
    hostname: (asString(spec["hostname"]) || name).slice(0, 63).replace(/[-.]+$/, ""),
    hostNetwork: spec["hostNetwork"] === true,
    restartPolicy: restartPolicy(spec["restartPolicy"]),
    terminationGracePeriodSeconds: asNumber(grace, 30),
    activeDeadlineSeconds: typeof deadline === "number" ? deadline : undefined,
    initContainers: asRecords(spec["initContainers"]).map((container) =>
      parseContainer(container, container["restartPolicy"] === "Always" ? "sidecar" : "init"),
    ),
    containers: asRecords(spec["containers"]).map((container) => parseContainer(container, "main")),
    ephemeralContainers: asRecords(spec["ephemeralContainers"]).map((container) =>
      parseContainer(container, "ephemeral"),
    ),
    volumes: asRecords(spec["volumes"]),
    securityContext: asRecord(spec["securityContext"]),
    dnsPolicy: asString(spec["dnsPolicy"], "ClusterFirst"),
    dnsConfig: asRecord(spec["dnsConfig"]),
    hostAliases: asRecords(spec["hostAliases"]),
    enableServiceLinks: spec["enableServiceLinks"] !== false,
    automountServiceAccountToken: spec["automountServiceAccountToken"] !== false,
    serviceAccountName: asString(spec["serviceAccountName"]) || "default",
    nodeName: asString(spec["nodeName"]),
    readinessGates: asRecords(spec["readinessGates"]).map((gate) => asString(gate["conditionType"])),
    deleting: metadata.deletionTimestamp !== undefined,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    status: asRecord(object["status"]),
  };
}

function restartPolicy(value: unknown): Pod["restartPolicy"] {
  return value === "OnFailure" || value === "Never" ? value : "Always";
}

function parseContainer(spec: Fields, role: ContainerRole): PodContainer {
  const resources = asRecord(spec["resources"]);
  const lifecycle = asRecord(spec["lifecycle"]);
  const image = asString(spec["image"]);
  const limits = quantities(resources["limits"]);
  return {
    role,
    name: asString(spec["name"]),
    image,
    imagePullPolicy: pullPolicy(spec["imagePullPolicy"], image),
    command: strings(spec["command"]),
    args: strings(spec["args"]),
    workingDir: asString(spec["workingDir"]),
    env: asRecords(spec["env"]),
    envFrom: asRecords(spec["envFrom"]),
    ports: asRecords(spec["ports"]),
    limits,
    requests: { ...limits, ...quantities(resources["requests"]) },
    resources: isRecord(spec["resources"]) ? resources : undefined,
    volumeMounts: asRecords(spec["volumeMounts"]).map((mount) => ({
      name: asString(mount["name"]),
      mountPath: asString(mount["mountPath"]),
      subPath: asString(mount["subPath"]),
      subPathExpr: asString(mount["subPathExpr"]),
      readOnly: mount["readOnly"] === true,
    })),
    livenessProbe: optionalRecord(spec["livenessProbe"]),
    readinessProbe: optionalRecord(spec["readinessProbe"]),
    startupProbe: optionalRecord(spec["startupProbe"]),
    postStart: optionalRecord(lifecycle["postStart"]),
    preStop: optionalRecord(lifecycle["preStop"]),
    stopSignal: asString(lifecycle["stopSignal"]) || "SIGTERM",
    terminationMessagePath: asString(spec["terminationMessagePath"]) || "/dev/termination-log",
    terminationMessagePolicy:
      spec["terminationMessagePolicy"] === "FallbackToLogsOnError" ? "FallbackToLogsOnError" : "File",
    securityContext: asRecord(spec["securityContext"]),
    targetContainerName: asString(spec["targetContainerName"]),
    stdin: spec["stdin"] === true,
    stdinOnce: spec["stdinOnce"] === true,
    tty: spec["tty"] === true,
    spec,
  };
}

function pullPolicy(value: unknown, image: string): PodContainer["imagePullPolicy"] {
  if (value === "Always" || value === "IfNotPresent" || value === "Never") return value;
  const tag = /:([^/:@]+)$/.exec(image)?.[1];
  return image.includes("@") || (tag !== undefined && tag !== "latest") ? "IfNotPresent" : "Always";
}

function optionalRecord(value: unknown): Fields | undefined {
  return isRecord(value) ? value : undefined;
}

function strings(value: unknown): readonly string[] {
  return asArray(value).map((entry) => asString(entry));
}

function quantities(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(asRecord(value)).map(([name, quantity]) => [name, String(quantity)]));
}

export function allContainers(pod: Pod): readonly PodContainer[] {
  return [...pod.initContainers, ...pod.containers, ...pod.ephemeralContainers];
}

/** The quality-of-service class (upstream: component-helpers `qos.ComputePodQOS`). */
export function qosClass(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  let any = false;
  let guaranteed = true;
  for (const container of [...pod.initContainers, ...pod.containers]) {
    for (const resource of ["cpu", "memory"]) {
      const request = parseQuantity(container.requests[resource]) ?? 0;
      const limit = parseQuantity(container.limits[resource]) ?? 0;
      if (request > 0 || limit > 0) any = true;
      if (limit <= 0 || request !== limit) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
