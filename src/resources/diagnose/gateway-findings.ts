import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { conditionsFindings } from "./condition-findings.ts";
import { finding, SERVICES, type DiagnosisInput, type Finding } from "./finding.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Why a Gateway does not take traffic. */
export function gatewayFindings({ object }: DiagnosisInput): readonly Finding[] {
  const own = conditionsFindings(object);
  const listeners = asRecords(at(object, "status", "listeners")).flatMap((listener) =>
    badConditions(listener).map((text) => finding("error", `its listener ${asString(listener["name"])}: ${text}`)),
  );
  if (asRecords(at(object, "status", "conditions")).length === 0) {
    const name = asString(at(object, "spec", "gatewayClassName"));
    return [
      finding(
        "warning",
        `no controller has looked at it: none answers for the class ${name}`,
        "see whether the gateway class exists and its controller runs",
      ),
    ];
  }
  return [...listeners, ...own];
}

/** Why nothing comes by a route. */
export function routeFindings({ object, related }: DiagnosisInput): readonly Finding[] {
  const parents = asRecords(at(object, "status", "parents"));
  const wanted = asRecords(at(object, "spec", "parentRefs"));
  const found = parents.flatMap((parent) =>
    badConditions(parent).map((text) => finding("error", `at ${asString(at(parent, "parentRef", "name"))}: ${text}`)),
  );
  if (wanted.length === 0) found.push(finding("error", "it names no parent: no gateway routes by it"));
  else if (parents.length === 0) {
    const names = wanted.map((parent) => asString(parent["name"])).join(", ");
    found.push(
      finding(
        "error",
        `no gateway controller has looked at it (its parents: ${names})`,
        "see whether that gateway exists and its controller runs",
      ),
    );
  }
  return [...missingBackends(object, related.get(SERVICES)), ...found];
}

/** Services of its own namespace that a route leads to and that are not there. */
function missingBackends(object: KubeObject, services: readonly KubeObject[] | undefined): readonly Finding[] {
  if (services === undefined) return [];
  const known = new Set(services.map((service) => service.metadata.name));
  const names = asRecords(at(object, "spec", "rules"))
    .flatMap((rule) => asRecords(rule["backendRefs"]))
    .filter((backend) => asString(backend["kind"], "Service") === "Service" && asString(backend["namespace"]) === "")
    .map((backend) => asString(backend["name"]))
    .filter((name) => name !== "" && !known.has(name));
  return [...new Set(names)].map((name) => finding("error", `its backend, the service ${name}, does not exist`));
}

/** What is false that should be true, in the words of the controller. */
function badConditions(part: Fields): readonly string[] {
  return conditionsFindings({ metadata: {}, status: { conditions: part["conditions"] } }).map(({ text }) => text);
}
