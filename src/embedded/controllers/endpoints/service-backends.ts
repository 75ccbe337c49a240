import { asNumber, asRecords, asString, at, type KubeObject } from "../../../lib/kube/object.ts";
import { matchesLabels, selectorFromObject, type LabelSelector } from "../../../lib/kube/selector.ts";
import { stringMap } from "../runtime/pod-control.ts";
import { isPodReady, isPodTerminal, nodeNameOf } from "../runtime/pod-state.ts";

/** The label of a service without a cluster IP, on what lists its backends. */
const HEADLESS_LABEL = "service.kubernetes.io/headless";

/** One port of a service as a pod serves it. */
export interface BackendPort {
  /** `""` for the only, unnamed port. */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

/** A pod behind a service. */
export interface Backend {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string;
  /** The pod's own DNS name under the service. */
  readonly hostname: string | undefined;
  readonly pod: KubeObject;
  /** In the order of the service; ports that the pod does not name are missing. */
  readonly ports: readonly BackendPort[];
}

/** The selector of a service that wants endpoints made for it; `undefined` for one whose endpoints others make. */
export function backendSelector(service: KubeObject): LabelSelector | undefined {
  if (at(service, "spec", "type") === "ExternalName") return undefined;
  const labels = stringMap(at(service, "spec", "selector"));
  if (labels === undefined || Object.keys(labels).length === 0) return undefined;
  return selectorFromObject({ matchLabels: labels });
}

export function selectsPod(service: KubeObject, pod: KubeObject): boolean {
  const selector = backendSelector(service);
  return selector !== undefined && matchesLabels(selector, pod.metadata.labels);
}

/** The pods behind a service that have an address, in the order of their names. */
export function backendsOf(service: KubeObject, pods: readonly KubeObject[]): readonly Backend[] {
  const publishNotReady = at(service, "spec", "publishNotReadyAddresses") === true;
  const backends: Backend[] = [];
  for (const pod of pods) {
    const addresses = addressesOf(pod);
    if (!selectsPod(service, pod) || isPodTerminal(pod) || addresses.length === 0) continue;
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const hostname = asString(at(pod, "spec", "hostname"));
    const isNamed = hostname !== "" && at(pod, "spec", "subdomain") === service.metadata.name;
    backends.push({
      addresses,
      ready: publishNotReady || (serving && !terminating),
      serving,
      terminating,
      nodeName: nodeNameOf(pod),
      hostname: isNamed ? hostname : undefined,
      pod,
      ports: portsOf(service, pod),
    });
  }
  return backends.sort((a, b) => ((a.pod.metadata.name ?? "") < (b.pod.metadata.name ?? "") ? -1 : 1));
}

/** IPv4 addresses: the cluster has one family. */
function addressesOf(pod: KubeObject): readonly string[] {
  const address = asString(at(pod, "status", "podIP"));
  return address === "" ? [] : [address];
}

export function isHeadless(service: KubeObject): boolean {
  return at(service, "spec", "clusterIP") === "None";
}

function portsOf(service: KubeObject, pod: KubeObject): readonly BackendPort[] {
  const ports: BackendPort[] = [];
  for (const port of asRecords(at(service, "spec", "ports"))) {
    const protocol = asString(port["protocol"], "TCP");
    const number = targetPort(port, protocol, pod);
    if (number === undefined) continue;
    const appProtocol = asString(port["appProtocol"]);
    const named = { name: asString(port["name"]), port: number, protocol };
    ports.push(appProtocol === "" ? named : { ...named, appProtocol });
  }
  return ports;
}

/** A named target port is looked up in the pod, sidecars included (upstream pkg/api/v1/pod FindPort). */
function targetPort(port: Readonly<Record<string, unknown>>, protocol: string, pod: KubeObject): number | undefined {
  const target = port["targetPort"];
  if (typeof target === "number" && target !== 0) return target;
  if (typeof target !== "string" || target === "") return asNumber(port["port"]);
  const sidecars = asRecords(at(pod, "spec", "initContainers")).filter((each) => each["restartPolicy"] === "Always");
  for (const container of [...asRecords(at(pod, "spec", "containers")), ...sidecars]) {
    for (const declared of asRecords(container["ports"])) {
      const same = declared["name"] === target && asString(declared["protocol"], "TCP") === protocol;
      if (same) return asNumber(declared["containerPort"]);
    }
  }
  return undefined;
}

/** The labels of a service for what lists its backends. */
export function backendLabels(service: KubeObject): Readonly<Record<string, string>> {
  return { ...service.metadata.labels, ...(isHeadless(service) ? { [HEADLESS_LABEL]: "" } : {}) };
}

/** Whether a change of a pod can change what a service sees of it. */
export function changesBackends(old: KubeObject, pod: KubeObject): boolean {
  return (
    isPodReady(old) !== isPodReady(pod) ||
    isPodTerminal(old) !== isPodTerminal(pod) ||
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    at(old, "status", "podIP") !== at(pod, "status", "podIP") ||
    nodeNameOf(old) !== nodeNameOf(pod) ||
    JSON.stringify(old.metadata.labels) !== JSON.stringify(pod.metadata.labels)
  );
}
