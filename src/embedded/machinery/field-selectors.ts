import { at, asArray, asString, type KubeObject } from "../../lib/kube/object.ts";

type Read = (object: KubeObject) => string;

function text(...path: ReadonlyArray<string | number>): Read {
  return (object) => {
    const value = at(object, ...path);
    return typeof value === "number" || typeof value === "boolean" ? String(value) : asString(value);
  };
}

/** A number or a flag that is zero where it is absent. */
function orElse(read: Read, otherwise: string): Read {
  return (object) => read(object) || otherwise;
}

const EVERY_KIND: ReadonlyMap<string, Read> = new Map([
  ["metadata.name", text("metadata", "name")],
  ["metadata.namespace", text("metadata", "namespace")],
]);

function eventFields(object: string): ReadonlyArray<readonly [string, Read]> {
  const fields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
  return fields.map((field) => [`${object}.${field}`, text(object, field)] as const);
}

/** The event's component: where it is empty, the reporting controller (pkg/registry/core/event/strategy.go). */
const EVENT_SOURCE: Read = (event) =>
  text("source", "component")(event) ||
  text("deprecatedSource", "component")(event) ||
  text("reportingComponent")(event);

/** Beside name and namespace, by kind. Upstream: `GetAttrs` of each strategy, `AddFieldLabelConversionFunc`. */
const BY_KIND: ReadonlyMap<string, ReadonlyMap<string, Read>> = new Map([
  [
    "Pod",
    new Map([
      ["spec.nodeName", text("spec", "nodeName")],
      ["spec.restartPolicy", text("spec", "restartPolicy")],
      ["spec.schedulerName", text("spec", "schedulerName")],
      ["spec.serviceAccountName", text("spec", "serviceAccountName")],
      ["spec.hostNetwork", orElse(text("spec", "hostNetwork"), "false")],
      ["status.phase", text("status", "phase")],
      ["status.podIP", text("status", "podIP")],
      [
        "status.podIPs",
        (pod) =>
          asArray(at(pod, "status", "podIPs"))
            .map((ip) => asString(at(ip, "ip")))
            .join(","),
      ],
      ["status.nominatedNodeName", text("status", "nominatedNodeName")],
    ]),
  ],
  [
    "Event",
    new Map([
      ...eventFields("involvedObject"),
      ...eventFields("regarding"),
      ["reason", text("reason")],
      ["type", text("type")],
      ["reportingComponent", text("reportingComponent")],
      ["reportingController", text("reportingController")],
      ["source", EVENT_SOURCE],
    ]),
  ],
  ["Node", new Map([["spec.unschedulable", orElse(text("spec", "unschedulable"), "false")]])],
  ["Secret", new Map([["type", text("type")]])],
  ["Namespace", new Map([["status.phase", text("status", "phase")]])],
  [
    "Service",
    new Map([
      ["spec.clusterIP", text("spec", "clusterIP")],
      ["spec.type", text("spec", "type")],
    ]),
  ],
  ["ReplicaSet", new Map([["status.replicas", orElse(text("status", "replicas"), "0")]])],
  ["ReplicationController", new Map([["status.replicas", orElse(text("status", "replicas"), "0")]])],
  ["Job", new Map([["status.successful", orElse(text("status", "succeeded"), "0")]])],
  ["CertificateSigningRequest", new Map([["spec.signerName", text("spec", "signerName")]])],
  ["ResourceSlice", new Map([["spec.nodeName", text("spec", "nodeName")]])],
]);

/** Whether a field selector of that kind may name the field; if not, answer 400 `field label not supported: x`. */
export function isSupportedField(kind: string, field: string): boolean {
  return EVERY_KIND.has(field) || BY_KIND.get(kind)?.has(field) === true;
}

/** Reads the fields of selectors from an object; `""` where it has none. */
export function fieldsOf(object: KubeObject): (field: string) => string {
  const ofKind = BY_KIND.get(object.kind ?? "");
  return (field) => (EVERY_KIND.get(field) ?? ofKind?.get(field))?.(object) ?? "";
}
