import type { Json, KubeObject } from "../../../lib/kube/object.ts";
import { asArray, asString, at } from "../../../lib/kube/object.ts";
import { isSemanticallyEqual } from "../runtime/semantic-equality.ts";
import { controllerReference } from "../runtime/owner-claims.ts";
import { backendLabels, type Backend, type BackendPort } from "./service-backends.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "endpointslice-controller.k8s.io";

/** Endpoints in one slice. */
const MAX_ENDPOINTS = 100;

export interface SliceChanges {
  readonly create: readonly KubeObject[];
  readonly update: readonly KubeObject[];
  readonly delete: readonly KubeObject[];
}

/**
 * What turns the slices of a service into those its backends want (staging endpointslice reconciler.go): pods with the
 * same ports share slices of at most 100 endpoints; an endpoint stays in the slice it is in. A service without any
 * backend keeps one empty slice.
 */
export function reconcileSlices(
  service: KubeObject,
  backends: readonly Backend[],
  slices: readonly KubeObject[],
): SliceChanges {
  const groups = new Map<string, { readonly ports: readonly BackendPort[]; readonly endpoints: Json[] }>();
  for (const backend of backends) {
    const key = portsKey(backend.ports.map(portFields));
    const group = groups.get(key) ?? { ports: backend.ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(backend));
  }
  if (groups.size === 0) groups.set("[]", { ports: [], endpoints: [] });

  const create: KubeObject[] = [];
  const update: KubeObject[] = [];
  const remaining = new Set(slices);
  for (const [key, { ports, endpoints }] of groups) {
    const existing = slices.filter((slice) => portsKey(asArray(slice["ports"])) === key);
    const filled = fillSlices(existing, endpoints);
    for (const [slice, contents] of filled.kept) {
      const wanted = { ...slice, ...sliceFields(service, slice, ports, contents) };
      remaining.delete(slice);
      if (!isSemanticallyEqual(wanted, slice)) update.push(wanted);
    }
    for (const contents of filled.added) create.push(newSlice(service, ports, contents));
  }
  return { create, update, delete: Array.from(remaining) };
}

/** Spreads endpoints over slices of one port set: known ones stay, new ones fill the fullest slices first. */
function fillSlices(
  existing: readonly KubeObject[],
  endpoints: readonly Json[],
): { readonly kept: ReadonlyMap<KubeObject, readonly Json[]>; readonly added: ReadonlyArray<readonly Json[]> } {
  const wanted = new Map(endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const contents = new Map<KubeObject, Json[]>();
  for (const slice of existing) {
    const kept: Json[] = [];
    for (const endpoint of asArray(slice["endpoints"])) {
      const key = endpointKey(endpoint);
      const still = wanted.get(key);
      if (still === undefined) continue;
      wanted.delete(key);
      kept.push(still);
    }
    contents.set(slice, kept);
  }
  const fresh = Array.from(wanted.values());
  const roomiestLast = Array.from(contents.values()).toSorted((a, b) => b.length - a.length);
  for (const slot of roomiestLast) slot.push(...fresh.splice(0, Math.max(0, MAX_ENDPOINTS - slot.length)));
  const added: Json[][] = [];
  while (fresh.length > 0) added.push(fresh.splice(0, MAX_ENDPOINTS));
  if (existing.length === 0 && added.length === 0) added.push([]);
  const filled = Array.from(contents).filter(([, list]) => list.length > 0);
  // An empty slice goes, but for the last one.
  const kept = filled.length > 0 || added.length > 0 ? filled : Array.from(contents).slice(0, 1);
  return { kept: new Map(kept), added };
}

function newSlice(service: KubeObject, ports: readonly BackendPort[], endpoints: readonly Json[]): KubeObject {
  const { name = "", namespace = "" } = service.metadata;
  const base: KubeObject = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { generateName: `${name}-`, namespace, ownerReferences: [controllerReference(service)] },
    addressType: "IPv4",
  };
  return { ...base, ...sliceFields(service, base, ports, endpoints) };
}

function sliceFields(
  service: KubeObject,
  slice: KubeObject,
  ports: readonly BackendPort[],
  endpoints: readonly Json[],
): { readonly metadata: KubeObject["metadata"]; readonly [field: string]: unknown } {
  const labels = { ...backendLabels(service), [SERVICE_NAME]: service.metadata.name ?? "", [MANAGED_BY]: MANAGER };
  return { metadata: { ...slice.metadata, labels }, endpoints, ports: ports.map(portFields) };
}

function portFields(port: BackendPort): Json {
  const { appProtocol, ...fields } = port;
  return appProtocol === undefined ? fields : { ...fields, appProtocol };
}

/** Ports of a slice as a key: the order does not count. */
function portsKey(ports: readonly unknown[]): string {
  const texts = ports.map((port) =>
    [
      asString(at(port, "name")),
      asString(at(port, "protocol"), "TCP"),
      String(at(port, "port")),
      asString(at(port, "appProtocol")),
    ].join("/"),
  );
  return texts.toSorted().join(",") || "[]";
}

function endpointKey(endpoint: unknown): string {
  return `${asString(at(endpoint, "targetRef", "uid"))} ${asString(at(endpoint, "addresses", 0))}`;
}

function endpointOf(backend: Backend): Json {
  const { namespace = "", name = "", uid = "" } = backend.pod.metadata;
  return {
    addresses: backend.addresses,
    conditions: { ready: backend.ready, serving: backend.serving, terminating: backend.terminating },
    ...(backend.hostname === undefined ? {} : { hostname: backend.hostname }),
    ...(backend.nodeName === "" ? {} : { nodeName: backend.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
