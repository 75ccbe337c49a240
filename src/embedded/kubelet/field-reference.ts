import { cpus, totalmem } from "node:os";
import { asRecord, asString, at } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { KelpieError } from "../../lib/errors.ts";
import { allContainers, type Pod, type PodContainer } from "./pod.ts";

/** Addresses that are known once the sandbox stands. */
export interface PodAddresses {
  readonly podIp: string;
  readonly hostIp: string;
}

/**
 * The value of a downward-API field path (`metadata.labels['a']`, `status.podIP`, `spec.nodeName`).
 * Maps (`metadata.labels`, `metadata.annotations`) are written as upstream does in files: `key="escaped value"` lines.
 * @throws KelpieError for a path the downward API does not offer
 */
export function fieldValue(pod: Pod, path: string, addresses: PodAddresses): string {
  const { metadata } = pod.object;
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === "labels" ? metadata.labels : metadata.annotations;
    return map?.[subscript[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return pod.name;
    case "metadata.namespace":
      return pod.namespace;
    case "metadata.uid":
      return pod.uid;
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "spec.nodeName":
      return pod.nodeName;
    case "spec.serviceAccountName":
      return asString(at(pod.object, "spec", "serviceAccountName"));
    case "status.hostIP":
    case "status.hostIPs":
      return addresses.hostIp;
    case "status.podIP":
    case "status.podIPs":
      return addresses.podIp;
    default:
      throw new KelpieError(`unsupported fieldPath: ${path}`);
  }
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join("\n");
}

/**
 * The value of a `resourceFieldRef` (`limits.cpu`, `requests.memory`), divided and rounded up as upstream does. A
 * limit that is not set is the node's capacity.
 * @throws KelpieError for an unknown resource or container
 */
export function resourceFieldValue(pod: Pod, reference: unknown, own: PodContainer | undefined): string {
  const fields = asRecord(reference);
  const containerName = asString(fields["containerName"]);
  const container =
    containerName === "" ? own : allContainers(pod).find((candidate) => candidate.name === containerName);
  if (container === undefined) throw new KelpieError(`container "${containerName}" not found in pod "${pod.name}"`);
  const [kind = "", name = ""] = asString(fields["resource"]).split(/\.(.*)/s);
  if (kind !== "limits" && kind !== "requests") {
    throw new KelpieError(`unsupported container resource : ${asString(fields["resource"])}`);
  }
  const capacity: Readonly<Record<string, number>> = { cpu: cpus().length, memory: totalmem() };
  const declared = kind === "limits" ? container.limits[name] : container.requests[name];
  const value = parseQuantity(declared) ?? (kind === "limits" ? capacity[name] : undefined) ?? 0;
  const divisor = parseQuantity(asString(fields["divisor"])) ?? 0;
  return String(Math.ceil(value / (divisor === 0 ? 1 : divisor) - 1e-9));
}
