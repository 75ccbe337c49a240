import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { podStatus } from "../pod-status.ts";
import { finding, SERVICES, type DiagnosisInput, type Finding } from "./finding.ts";
import { PODS } from "../related-query.ts";
import { podFindings } from "./pod-findings.ts";

/** Why a Service has nobody to send traffic to. */
export function serviceFindings(input: DiagnosisInput): readonly Finding[] {
  const { object, related } = input;
  if (at(object, "spec", "type") === "ExternalName") return [];
  const selector = Object.entries(asRecord(at(object, "spec", "selector")));
  if (selector.length === 0) {
    return [finding("muted", "it has no selector: its endpoints are made by hand or by another controller")];
  }
  const pods = related.get(PODS);
  if (pods === undefined) return [];
  const labels = selector.map(([key, value]) => `${key}=${asString(value)}`).join(",");
  if (pods.length === 0) {
    return [
      finding(
        "error",
        `no pod of the namespace has the labels ${labels}: it has no endpoints`,
        "compare the selector with the pods' labels",
      ),
    ];
  }
  return [...readyFindings(pods, input), ...portFindings(object, pods), ...balancerFindings(object)];
}

function readyFindings(pods: readonly KubeObject[], input: DiagnosisInput): readonly Finding[] {
  const ready = pods.filter((pod) => isReady(pod));
  if (ready.length === pods.length) return [];
  const sick = pods.find((pod) => !isReady(pod));
  const cause = sick === undefined ? undefined : podFindings({ ...input, object: sick, events: [] })[0];
  const example = sick === undefined ? "" : `${sick.metadata.name ?? ""} is ${podStatus(sick).status}`;
  const why = cause === undefined ? example : `${sick?.metadata.name ?? ""}: ${cause.text}`;
  return [
    ready.length === 0
      ? finding(
          "error",
          `none of its ${pods.length} pods is ready, so it has no endpoints; ${why}`,
          "Enter shows the pods, `i` on one says why",
        )
      : finding("warning", `${pods.length - ready.length} of its ${pods.length} pods get no traffic; ${why}`),
  ];
}

function isReady(pod: KubeObject): boolean {
  return asRecords(at(pod, "status", "conditions")).some((one) => one["type"] === "Ready" && one["status"] === "True");
}

/** Target ports named as no container of the pods names one. */
function portFindings(service: KubeObject, pods: readonly KubeObject[]): readonly Finding[] {
  const named = new Set(
    pods.flatMap((pod) =>
      ["containers", "initContainers"]
        .flatMap((field) => asRecords(at(pod, "spec", field)))
        .flatMap((container) => asRecords(container["ports"]).map((port) => asString(port["name"]))),
    ),
  );
  return asRecords(at(service, "spec", "ports")).flatMap((port) => {
    const target = port["targetPort"];
    if (typeof target !== "string" || named.has(target)) return [];
    return [finding("error", `its target port "${target}" is the name of no container port of its pods`)];
  });
}

function balancerFindings(service: KubeObject): readonly Finding[] {
  if (at(service, "spec", "type") !== "LoadBalancer") return [];
  if (asRecords(at(service, "status", "loadBalancer", "ingress")).length > 0) return [];
  return [
    finding(
      "warning",
      "it waits for an address from a load balancer",
      "the cluster needs a controller that gives them",
    ),
  ];
}

/** Backends of an Ingress that do not exist. */
export function ingressFindings({ object, related }: DiagnosisInput): readonly Finding[] {
  const services = related.get(SERVICES);
  if (services === undefined) return [];
  const names = new Set(ingressServices(object));
  const known = new Map(services.map((service) => [service.metadata.name, service]));
  const missing = [...names].filter((name) => !known.has(name));
  return missing.map((name) => finding("error", `its backend, the service ${name}, does not exist`));
}

function ingressServices(ingress: KubeObject): readonly string[] {
  const paths = asRecords(at(ingress, "spec", "rules")).flatMap((rule) => asRecords(at(rule, "http", "paths")));
  return [at(ingress, "spec", "defaultBackend"), ...paths.map((path) => path["backend"])]
    .map((backend) => asString(at(backend, "service", "name")))
    .filter((name) => name !== "");
}
