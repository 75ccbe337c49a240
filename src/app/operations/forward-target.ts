import type { Cluster } from "../../cluster/cluster.ts";
import { isReady } from "../../cluster/forward-pods.ts";
import { targetLabel, type ForwardTarget } from "../../cluster/forward-target.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { parseApiVersion, type ApiResource } from "../../lib/kube/gvr.ts";
import { asNumber, asRecords, asString, at, controllerOf, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { kinds } from "../../resources/kinds/index.gen.ts";
import { scalarText } from "../../resources/scalar-text.ts";
import { podStatus } from "../../resources/pod-status.ts";
import { findResource } from "../../state/resource-names.ts";
import { suggestLocalPort, type PortPair } from "./forward-ports.ts";

/** What a forward from an object is bound to, and why. */
export interface BoundTarget {
  readonly target: ForwardTarget;
  /** The pod to begin with. */
  readonly pod?: string;
  /** A sentence for the user: what happens when the pod goes. */
  readonly promise: string;
}

/**
 * What a forward opened on an object is bound to: a pod's workload, so that it outlives the pod, else the object.
 * @throws KelpieError where a pod has ended
 */
export async function boundTarget(cluster: Cluster, object: TargetObject): Promise<BoundTarget> {
  const { resource, namespace, name } = object;
  if (resource.group !== "" || resource.resource !== "pods") {
    const target = { resource, namespace, name };
    return { target, promise: `It goes to a ready pod of ${targetLabel(target)}, and moves when that pod goes.` };
  }
  const { status } = podStatus(object.object);
  if (["Succeeded", "Failed"].includes(asString(at(object.object, "status", "phase")))) {
    throw new KelpieError(`pod ${name} does not run: it is ${status}`);
  }
  const own: ForwardTarget = { resource, namespace, name, ...(object.uid === undefined ? {} : { uid: object.uid }) };
  const controller = controllerOf(object.object);
  if (controller === undefined) {
    return { target: own, promise: "Nothing makes this pod anew: the forward ends with it." };
  }
  if (!isReady(object.object)) {
    return { target: own, promise: `The pod is ${status}, not ready: the forward is bound to it and ends with it.` };
  }
  const kind = asString(controller.kind);
  if (kind === "StatefulSet" || kind === "Node") {
    const byName = { resource, namespace, name };
    return { target: byName, promise: `It waits for ${name} to come again when the pod is replaced.` };
  }
  try {
    const workload = await workloadOf(cluster, object.object, namespace);
    if (workload !== undefined) {
      const promise = `Bound to ${targetLabel(workload)}: it moves to another ready pod when ${name} goes.`;
      return { target: workload, pod: name, promise };
    }
    return { target: own, promise: `${kind} ${controller.name} selects no pods: the forward ends with the pod.` };
  } catch (error) {
    return { target: own, promise: `The forward ends with the pod: ${errorMessage(error)}.` };
  }
}

/** The controller of a pod, or that of its replica set; `undefined` where it selects no pods. */
async function workloadOf(cluster: Cluster, pod: KubeObject, namespace: string): Promise<ForwardTarget | undefined> {
  let found: ForwardTarget | undefined;
  let from = pod;
  for (;;) {
    const controller = controllerOf(from);
    const resource = controller === undefined ? undefined : resourceOf(cluster, controller);
    if (controller === undefined || resource === undefined) return found;
    const target = { resource, namespace, name: asString(controller.name) };
    const object = await cluster.get(target);
    // What was made anew under the name is not what controls the pod.
    if (object.metadata.uid !== controller.uid || !isRecord(at(object, "spec", "selector"))) return found;
    found = target;
    if (resource.group !== "apps" || resource.resource !== "replicasets") return found;
    from = object;
  }
}

function resourceOf(
  cluster: Cluster,
  owner: { readonly apiVersion: string; readonly kind: string },
): ApiResource | undefined {
  const { group } = parseApiVersion(asString(owner.apiVersion));
  const name = asString(owner.kind).toLowerCase();
  return findResource(group === "" ? name : `${name}.${group}`, cluster.catalog.get().resources, kinds);
}

export interface OfferedPort extends PortPair {
  /** `""` where it has none. */
  readonly name: string;
  readonly label: string;
}

/** The ports that an object declares: of a service its own, of pods and workloads those of the containers. */
export function offeredPorts(object: TargetObject, container: string | undefined): readonly OfferedPort[] {
  if (object.resource.group === "" && object.resource.resource === "services") {
    return asRecords(at(object.object, "spec", "ports")).flatMap((port): OfferedPort[] => {
      const number = asNumber(port["port"]);
      if (number === 0 || asString(port["protocol"], "TCP") !== "TCP") return [];
      const to = scalarText(port["targetPort"]) || String(number);
      const name = asString(port["name"]);
      const label = `${number}${name === "" ? "" : ` (${name})`}${to === String(number) ? "" : ` to ${to}`}`;
      return [{ local: suggestLocalPort(number), remote: number, name, label }];
    });
  }
  const template = at(object.object, "spec", "template", "spec");
  const spec = isRecord(template) ? template : at(object.object, "spec");
  return [...asRecords(at(spec, "containers")), ...asRecords(at(spec, "initContainers"))]
    .filter((one) => container === undefined || one["name"] === container)
    .flatMap((one) =>
      asRecords(one["ports"]).flatMap((port): OfferedPort[] => {
        const number = asNumber(port["containerPort"]);
        const name = asString(port["name"]);
        if (number === 0 || asString(port["protocol"], "TCP") !== "TCP") return [];
        const label = `${asString(one["name"])} ${number}${name === "" ? "" : ` (${name})`}`;
        return [{ local: suggestLocalPort(number), remote: name === "" ? number : name, name, label }];
      }),
    );
}
