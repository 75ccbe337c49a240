import { imageTag } from "../image-reference.ts";
import { ensureStruct, setDefault, setDefaultNumber, structOf, structsOf, type Fields } from "./fields.ts";

const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"] as const;

/** `SetDefaults_PodSpec` and all it holds (pkg/apis/core/v1/defaults.go): for pods and templates alike. */
export function defaultPodSpec(spec: Fields): void {
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "securityContext", {});
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "schedulerName", "default-scheduler");
  // The deprecated name of the field is always written beside the new one.
  if (typeof spec["serviceAccountName"] === "string" && spec["serviceAccountName"] !== "") {
    spec["serviceAccount"] = spec["serviceAccountName"];
  } else if (typeof spec["serviceAccount"] === "string" && spec["serviceAccount"] !== "") {
    spec["serviceAccountName"] = spec["serviceAccount"];
  }
  for (const list of CONTAINER_LISTS) for (const container of structsOf(spec, list)) defaultContainer(container);
  for (const volume of structsOf(spec, "volumes")) defaultVolume(volume);
}

/** `SetDefaults_Pod`: what pods get and templates do not. */
export function defaultPod(pod: Fields): void {
  const spec = ensureStruct(pod, "spec");
  defaultPodSpec(spec);
  for (const list of ["initContainers", "containers"] as const) {
    for (const container of structsOf(spec, list)) {
      defaultRequests(container);
      if (spec["hostNetwork"] === true) defaultHostPorts(container);
    }
  }
  setDefault(spec, "enableServiceLinks", true);
}

function defaultRequests(container: Fields): void {
  const resources = structOf(container, "resources");
  const limits = structOf(resources, "limits");
  if (resources === undefined || limits === undefined) return;
  const requests = ensureStruct(resources, "requests");
  for (const [name, limit] of Object.entries(limits)) if (!Object.hasOwn(requests, name)) requests[name] = limit;
}

function defaultHostPorts(container: Fields): void {
  for (const port of structsOf(container, "ports")) {
    const number = port["containerPort"];
    if (typeof number === "number") setDefaultNumber(port, "hostPort", number);
  }
}

function defaultContainer(container: Fields): void {
  const image = container["image"];
  const isLatest = typeof image === "string" && imageTag(image) === "latest";
  setDefault(container, "imagePullPolicy", isLatest ? "Always" : "IfNotPresent");
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  for (const port of structsOf(container, "ports")) setDefault(port, "protocol", "TCP");
  for (const variable of structsOf(container, "env")) {
    defaultFieldRef(structOf(structOf(variable, "valueFrom"), "fieldRef"));
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = structOf(container, name);
    if (probe !== undefined) defaultProbe(probe);
  }
  const lifecycle = structOf(container, "lifecycle");
  defaultHttpGet(structOf(structOf(lifecycle, "postStart"), "httpGet"));
  defaultHttpGet(structOf(structOf(lifecycle, "preStop"), "httpGet"));
}

function defaultProbe(probe: Fields): void {
  setDefaultNumber(probe, "timeoutSeconds", 1);
  setDefaultNumber(probe, "periodSeconds", 10);
  setDefaultNumber(probe, "successThreshold", 1);
  setDefaultNumber(probe, "failureThreshold", 3);
  defaultHttpGet(structOf(probe, "httpGet"));
  const grpc = structOf(probe, "grpc");
  if (grpc !== undefined) setDefault(grpc, "service", "");
}

function defaultHttpGet(action: Fields | undefined): void {
  if (action === undefined) return;
  setDefault(action, "path", "/");
  setDefault(action, "scheme", "HTTP");
}

function defaultFieldRef(reference: Fields | undefined): void {
  if (reference !== undefined) setDefault(reference, "apiVersion", "v1");
}

/** 0644, as `ConfigMapVolumeSourceDefaultMode` and its like. */
const DEFAULT_MODE = 0o644;
const TOKEN_SECONDS = 3600;

function defaultVolume(volume: Fields): void {
  const sources = Object.keys(volume).filter((key) => key !== "name" && volume[key] !== null);
  if (sources.length === 0) volume["emptyDir"] = {};
  for (const name of ["secret", "configMap", "downwardAPI", "projected"] as const) {
    const source = structOf(volume, name);
    if (source !== undefined) setDefault(source, "defaultMode", DEFAULT_MODE);
  }
  const hostPath = structOf(volume, "hostPath");
  // The empty type is a pointer to "" and is written.
  if (hostPath !== undefined) setDefault(hostPath, "type", "");
  const image = structOf(volume, "image");
  if (image !== undefined) {
    const reference = image["reference"];
    const isLatest = typeof reference === "string" && imageTag(reference) === "latest";
    setDefault(image, "pullPolicy", isLatest ? "Always" : "IfNotPresent");
  }
  for (const item of structsOf(structOf(volume, "downwardAPI"), "items")) defaultFieldRef(structOf(item, "fieldRef"));
  for (const source of structsOf(structOf(volume, "projected"), "sources")) defaultProjection(source);
  const claim = structOf(structOf(structOf(volume, "ephemeral"), "volumeClaimTemplate"), "spec");
  if (claim !== undefined) setDefault(claim, "volumeMode", "Filesystem");
}

function defaultProjection(source: Fields): void {
  for (const item of structsOf(structOf(source, "downwardAPI"), "items")) defaultFieldRef(structOf(item, "fieldRef"));
  const token = structOf(source, "serviceAccountToken");
  if (token !== undefined) setDefault(token, "expirationSeconds", TOKEN_SECONDS);
}
