import type { Cluster } from "../../cluster/cluster.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { knownKind } from "../../resources/catalog.ts";
import { podContainers } from "../../resources/pod-containers.ts";
import { podStatus } from "../../resources/pod-status.ts";
import type { AppServices } from "../context.ts";
import { parsePortPairs, suggestLocalPort, type PortPair } from "./forward-ports.ts";
import { hintOf } from "./shell.ts";

/** Asks for ports and listens on this machine for a pod, or for a ready pod behind a service or workload. */
export function createPortForward(services: AppServices): Operations["portForward"] {
  return async (target, container) => {
    const { app } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    try {
      const pod = await podBehind(cluster, target);
      const offered = offeredPorts(target, pod, container, services.clock.now());
      const text = await app.input({
        title: `Port-forward to ${pod.metadata.name ?? ""}`,
        lines: [
          offered.length === 0 ? "It declares no ports." : `Ports: ${offered.map((port) => port.label).join(", ")}`,
          "Listens on 127.0.0.1. Several: 8080:80,9090:90; :80 takes a free local port.",
        ],
        label: "local:remote",
        initial: offered.length === 0 ? "" : `${offered[0]?.local ?? 0}:${offered[0]?.remote ?? 0}`,
        validate: (candidate) => {
          const pairs = parsePortPairs(candidate);
          return typeof pairs === "string" ? pairs : undefined;
        },
      });
      const pairs = text === undefined ? [] : parsePortPairs(text);
      if (typeof pairs !== "string") await openAll(services, cluster, pod, pairs);
    } catch (error) {
      app.flash("error", `no port of ${target.name} was forwarded: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}

async function openAll(
  { app }: AppServices,
  cluster: Cluster,
  pod: KubeObject,
  pairs: readonly PortPair[],
): Promise<void> {
  const name = pod.metadata.name ?? "";
  const opened: string[] = [];
  for (const { local, remote } of pairs) {
    const forward = await cluster.portForwards.open({
      namespace: pod.metadata.namespace ?? "",
      pod: name,
      localPort: local,
      remotePort: remote,
    });
    opened.push(`127.0.0.1:${forward.localPort} -> ${name}:${forward.remotePort}`);
  }
  if (opened.length > 0) app.flash("info", `${opened.join(", ")}; :pf lists them`);
}

/** @throws KelpieError where no pod can take a connection */
async function podBehind(cluster: Cluster, target: TargetObject): Promise<KubeObject> {
  const { resource, namespace, name } = target;
  if (resource.resource === "pods" && resource.group === "") {
    const { status } = podStatus(target.object);
    if (at(target.object, "status", "phase") === "Running") return target.object;
    throw new KelpieError(`pod ${name} does not run: it is ${status}`);
  }
  const labelSelector = knownKind(resource.group, resource.resource)?.podSelector?.(target.object);
  if (labelSelector === undefined) throw new KelpieError(`${resource.singular} ${name} selects no pods`);
  const pods = await cluster.list({ group: "", version: "v1", resource: "pods" }, { namespace, labelSelector });
  const running = pods.filter(
    (pod) => at(pod, "status", "phase") === "Running" && pod.metadata.deletionTimestamp === undefined,
  );
  const ready = running.find((pod) => podStatus(pod).ready === podStatus(pod).total);
  const found = ready ?? running[0];
  if (found !== undefined) return found;
  throw new KelpieError(`none of the ${pods.length} pods behind ${name} runs`);
}

interface OfferedPort extends PortPair {
  readonly label: string;
}

function offeredPorts(
  target: TargetObject,
  pod: KubeObject,
  container: string | undefined,
  now: number,
): readonly OfferedPort[] {
  const containers = podContainers(pod, now).filter((one) => container === undefined || one.name === container);
  if (target.resource.resource === "services" && target.resource.group === "") {
    return asRecords(at(target.object, "spec", "ports")).flatMap((port): OfferedPort[] => {
      const number = asNumber(port["port"]);
      const remote = targetPort(port["targetPort"] ?? number, pod);
      if (remote === undefined || asString(port["protocol"], "TCP") !== "TCP") return [];
      const local = suggestLocalPort(number);
      return [{ local, remote, label: `${asString(port["name"]) || number} -> ${remote}` }];
    });
  }
  return containers.flatMap((one) =>
    one.portNumbers.map((remote) => ({ local: suggestLocalPort(remote), remote, label: `${one.name} ${remote}` })),
  );
}

/** A service's target port as a number: named ones stand in the pod's containers. */
function targetPort(port: unknown, pod: KubeObject): number | undefined {
  if (typeof port === "number") return port;
  if (typeof port !== "string") return undefined;
  if (/^\d+$/.test(port)) return Number(port);
  const named = [...asRecords(at(pod, "spec", "containers")), ...asRecords(at(pod, "spec", "initContainers"))]
    .flatMap((container) => asRecords(container["ports"]))
    .find((one) => one["name"] === port);
  return named === undefined ? undefined : asNumber(named["containerPort"]);
}
