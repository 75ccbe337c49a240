import { randomInt } from "node:crypto";
import { asArray, asNumber, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import type { StrategyContext } from "./served-resource.ts";
import { invalid } from "./status-error.ts";

/** ClusterIPs are 10.96.0.0/16; addresses below the band are left to those who ask for one by name. */
const NETWORK = "10.96";
const RANGE = "10.96.0.0/16";
const DYNAMIC_FROM = 256;
const ADDRESSES = 65_534;
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Gives a service its ClusterIP and node ports and the fields that follow from its type (upstream:
 * pkg/registry/core/service/storage/alloc.go). On an update the values allocated before are kept.
 */
export function allocateService(
  service: KubeObject,
  old: KubeObject | undefined,
  context: StrategyContext,
): KubeObject {
  const type = asString(at(service, "spec", "type"), "ClusterIP");
  const spec = { ...asRecord(service["spec"]) };
  if (type === "ExternalName") {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]) {
      delete spec[field];
    }
    return { ...service, spec };
  }
  const others = context
    .list("services")
    .filter(
      (each) => each.metadata.name !== service.metadata.name || each.metadata.namespace !== service.metadata.namespace,
    );
  const clusterIp = chooseClusterIp(service, old, others);
  const nodePorts = type === "NodePort" || type === "LoadBalancer";
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ipFamilies: spec["ipFamilies"] ?? ["IPv4"],
      ipFamilyPolicy: spec["ipFamilyPolicy"] ?? "SingleStack",
      internalTrafficPolicy: spec["internalTrafficPolicy"] ?? "Cluster",
      ...(nodePorts ? { externalTrafficPolicy: spec["externalTrafficPolicy"] ?? "Cluster" } : {}),
      ...(type === "LoadBalancer"
        ? { allocateLoadBalancerNodePorts: spec["allocateLoadBalancerNodePorts"] ?? true }
        : {}),
      ...(spec["ports"] === undefined
        ? {}
        : { ports: nodePorts ? withNodePorts(service, old, others) : withoutNodePorts(service, old) }),
    },
  };
}

function chooseClusterIp(service: KubeObject, old: KubeObject | undefined, others: readonly KubeObject[]): string {
  const asked = asString(at(service, "spec", "clusterIP")) || asString(at(service, "spec", "clusterIPs", 0));
  const before = asString(at(old, "spec", "clusterIP"));
  if (asked === "None") return asked;
  if (asked === "") return before === "" ? freeAddress(usedBy(others)) : before;
  // Validation says that another one may not be set.
  if (before !== "") return asked;
  const fault = (why: string): never => {
    const message = `Invalid value: ["${asked}"]: failed to allocate IP ${asked}: ${why}`;
    throw invalid("", "Service", service.metadata.name ?? "", [
      { reason: "FieldValueInvalid", message, field: "spec.clusterIPs" },
    ]);
  };
  if (!asked.startsWith(`${NETWORK}.`)) {
    fault(`the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${RANGE}`);
  }
  if (usedBy(others).has(asked)) fault("provided IP is already allocated");
  return asked;
}

function usedBy(services: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(services.map((each) => asString(at(each, "spec", "clusterIP"))));
}

function freeAddress(used: ReadonlySet<string>): string {
  const band = ADDRESSES - DYNAMIC_FROM;
  const start = randomInt(band);
  for (let step = 0; step < band; step += 1) {
    const host = DYNAMIC_FROM + ((start + step) % band);
    const address = `${NETWORK}.${host >> 8}.${host & 255}`;
    if (!used.has(address)) return address;
  }
  throw invalid("", "Service", "", [
    { reason: "InternalError", message: "failed to allocate a serviceIP: range is full", field: "spec.clusterIPs" },
  ]);
}

function withNodePorts(service: KubeObject, old: KubeObject | undefined, others: readonly KubeObject[]): Fields[] {
  const used = new Set(
    others.flatMap((each) => asRecords(at(each, "spec", "ports")).map((port) => asNumber(port["nodePort"]))),
  );
  const before = asRecords(at(old, "spec", "ports"));
  return asRecords(at(service, "spec", "ports")).map((port, index) => {
    const asked =
      asNumber(port["nodePort"]) ||
      asNumber(
        before.find((each) => each["port"] === port["port"] && each["protocol"] === port["protocol"])?.["nodePort"],
      );
    const nodePort = asked === 0 ? freeNodePort(used) : asked;
    const why = nodePortFault(nodePort, asked, used);
    if (why !== undefined) {
      throw invalid("", "Service", service.metadata.name ?? "", [
        {
          reason: "FieldValueInvalid",
          message: `Invalid value: ${asked}: ${why}`,
          field: `spec.ports[${index}].nodePort`,
        },
      ]);
    }
    used.add(nodePort);
    return { ...port, nodePort };
  });
}

function nodePortFault(nodePort: number, asked: number, used: ReadonlySet<number>): string | undefined {
  if (nodePort < NODE_PORTS.first || nodePort > NODE_PORTS.last) {
    return `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
  }
  return asked !== 0 && used.has(asked) ? "provided port is already allocated" : undefined;
}

function freeNodePort(used: ReadonlySet<number>): number {
  const count = NODE_PORTS.last - NODE_PORTS.first + 1;
  const start = randomInt(count);
  for (let step = 0; step < count; step += 1) {
    const port = NODE_PORTS.first + ((start + step) % count);
    if (!used.has(port)) return port;
  }
  return 0;
}

/** Node ports of a service that was one of type NodePort go with the type. */
function withoutNodePorts(service: KubeObject, old: KubeObject | undefined): readonly unknown[] {
  const wasNodePort = old !== undefined && at(old, "spec", "type") !== "ClusterIP";
  const ports = asArray(at(service, "spec", "ports"));
  if (!wasNodePort) return ports;
  return asRecords(ports).map(({ nodePort: _nodePort, ...port }) => port);
}
