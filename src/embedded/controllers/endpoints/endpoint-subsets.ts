import type { Json } from "../../../lib/kube/object.ts";
import { isHeadless, type Backend, type BackendPort } from "./service-backends.ts";
import type { KubeObject } from "../../../lib/kube/object.ts";

/** Addresses an Endpoints object holds at most; more are left out. */
const MAX_ADDRESSES = 1000;

interface Subset {
  readonly ports: BackendPort[];
  readonly ready: Json[];
  readonly notReady: Json[];
}

/**
 * The subsets of an Endpoints object: pods with the same ports together (upstream endpoints RepackSubsets). Pods being
 * deleted are left out unless the service publishes what is not ready.
 */
export function endpointSubsets(service: KubeObject, backends: readonly Backend[]): readonly Json[] {
  const subsets = new Map<string, Subset>();
  for (const backend of backends.slice(0, MAX_ADDRESSES).toSorted(compareAddresses)) {
    if (backend.terminating && !backend.ready) continue;
    if (backend.ports.length === 0 && !isHeadless(service)) continue;
    const ports = backend.ports.toSorted(comparePorts);
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? { ports, ready: [], notReady: [] };
    subsets.set(key, subset);
    for (const ip of backend.addresses) (backend.ready ? subset.ready : subset.notReady).push(addressOf(backend, ip));
  }
  return Array.from(subsets.values(), ({ ports, ready, notReady }) => ({
    ...(ready.length === 0 ? {} : { addresses: ready }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
    ...(ports.length === 0 ? {} : { ports: ports.map(portFields) }),
  }));
}

/** By address as text, as upstream's SortSubsets: the object does not change when pods are listed in another order. */
function compareAddresses(a: Backend, b: Backend): number {
  const [left = "", right = ""] = [a.addresses[0], b.addresses[0]];
  return left < right ? -1 : Number(left > right);
}

function comparePorts(a: BackendPort, b: BackendPort): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.port - b.port || (a.protocol < b.protocol ? -1 : Number(a.protocol > b.protocol));
}

function portFields(port: BackendPort): Json {
  const { name, appProtocol, ...fields } = port;
  return {
    ...(name === "" ? {} : { name }),
    ...fields,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}

function addressOf(backend: Backend, ip: string): Json {
  const { namespace = "", name = "", uid = "" } = backend.pod.metadata;
  return {
    ip,
    ...(backend.hostname === undefined ? {} : { hostname: backend.hostname }),
    ...(backend.nodeName === "" ? {} : { nodeName: backend.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
