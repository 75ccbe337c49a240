import { asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../lib/kube/object.ts";
import { inReadingOrder } from "../lib/kube/field-order.ts";
import { toYaml } from "../lib/yaml.ts";
import { cleanForEdit } from "./edit.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Longest name of most kinds: a DNS subdomain. Pods take more than labels do. */
const MOST_NAME = 253;

/** Labels by which a controller knows its own. */
const CONTROLLER_LABELS: ReadonlySet<string> = new Set([
  "pod-template-hash",
  "pod-template-generation",
  "controller-revision-hash",
  "controller-uid",
  "job-name",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/job-completion-index",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
]);

/** Annotations that say what a controller has done. */
const CONTROLLER_ANNOTATIONS =
  /^(deployment|pv|batch|autoscaling(\.alpha)?|volume(\.beta)?)\.kubernetes\.io\/|^kubernetes\.io\/(config|service-account\.uid)/;

/** The text of a new object like another one: nothing that the server or a controller gave it, under another name. */
export function duplicateYaml(object: KubeObject): string {
  const { metadata, ...body } = cleanForEdit(object);
  const fields = asRecord(metadata);
  const {
    name,
    generateName: _generateName,
    ownerReferences: _owners,
    finalizers: _finalizers,
    labels,
    annotations,
    ...rest
  } = fields;
  const kept = {
    name: copyName(asString(name)),
    ...rest,
    ...some(
      "labels",
      without(asRecord(labels), (key) => object.kind === "Pod" && CONTROLLER_LABELS.has(key)),
    ),
    ...some(
      "annotations",
      without(asRecord(annotations), (key) => CONTROLLER_ANNOTATIONS.test(key)),
    ),
  };
  return toYaml(inReadingOrder({ ...body, metadata: kept, ...cleanBody(object.kind ?? "", body) }));
}

function copyName(name: string): string {
  const end = "-copy";
  return name.slice(0, MOST_NAME - end.length) + end;
}

/** What a kind gets given beside its metadata. */
function cleanBody(kind: string, body: Fields): Fields {
  const spec = asRecord(body["spec"]);
  switch (kind) {
    case "Pod":
      return { spec: cleanPod(spec) };
    case "Service":
      return { spec: cleanService(spec) };
    case "PersistentVolumeClaim":
      return { spec: drop(spec, ["volumeName"]) };
    case "PersistentVolume":
      return { spec: drop(spec, ["claimRef"]) };
    case "Job":
      return { spec: cleanJob(spec) };
    case "Namespace":
      return { spec: undefined };
    case "ServiceAccount":
      return { secrets: undefined };
    case "Node":
      return { spec: drop(spec, ["podCIDR", "podCIDRs", "providerID", "taints", "unschedulable"]) };
    default:
      return {};
  }
}

/** Without its node, and without the token volume that the server puts in. */
function cleanPod(spec: Fields): Fields {
  const isToken = (entry: Fields): boolean => asString(entry["name"]).startsWith("kube-api-access-");
  const volumes = asRecords(spec["volumes"]).filter((volume) => !isToken(volume));
  const containers = (list: string): Fields => {
    if (!Array.isArray(spec[list])) return {};
    return {
      [list]: asRecords(spec[list]).map((container) => {
        const mounts = asRecords(container["volumeMounts"]).filter((mount) => !isToken(mount));
        return { ...drop(container, ["volumeMounts"]), ...some("volumeMounts", mounts) };
      }),
    };
  };
  return {
    ...drop(spec, ["nodeName", "ephemeralContainers", "serviceAccount", "priority", "hostname", "volumes"]),
    ...containers("initContainers"),
    ...containers("containers"),
    ...some("volumes", volumes),
  };
}

/** Without addresses and node ports: two services cannot have the same. A headless one stays headless. */
function cleanService(spec: Fields): Fields {
  const headless = spec["clusterIP"] === "None";
  const ports = asRecords(spec["ports"]).map((port) => drop(port, ["nodePort"]));
  return {
    ...drop(spec, [...(headless ? [] : ["clusterIP", "clusterIPs"]), "healthCheckNodePort", "ports"]),
    ...some("ports", ports),
  };
}

/** Without the selector and labels that tie its pods to it. */
function cleanJob(spec: Fields): Fields {
  if (spec["manualSelector"] === true) return spec;
  const template = asRecord(spec["template"]);
  const labels = without(asRecord(at(template, "metadata", "labels")), (key) => CONTROLLER_LABELS.has(key));
  const metadata = {
    ...drop(asRecord(template["metadata"]), ["labels", "creationTimestamp"]),
    ...some("labels", labels),
  };
  return { ...drop(spec, ["selector"]), template: { ...template, metadata } };
}

function drop(fields: Fields, names: readonly string[]): Fields {
  return without(fields, (key) => names.includes(key));
}

function without(fields: Fields, drops: (key: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !drops(key)));
}

/** Nothing for an empty list or record. */
function some(name: string, value: Fields | readonly Fields[]): Fields {
  const empty = Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
  return empty ? {} : { [name]: value };
}
