import { parseApiVersion } from "../../lib/kube/gvr.ts";
import { asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { GATEWAY_GROUP } from "../gateway-route.ts";
import { pluralOf } from "../plural.ts";
import type { Reference } from "./references.ts";

type Fields = Readonly<Record<string, unknown>>;

export function ingressReferences(object: KubeObject): readonly Reference[] {
  const backends = [
    at(object, "spec", "defaultBackend"),
    ...asRecords(at(object, "spec", "rules")).flatMap((rule) =>
      asRecords(at(rule, "http", "paths")).map((path) => path["backend"]),
    ),
  ];
  const services = new Set(backends.map((backend) => asString(at(backend, "service", "name"))));
  const secrets = new Set(asRecords(at(object, "spec", "tls")).map((tls) => asString(tls["secretName"])));
  return [
    ...[...services].map((name) => ({ group: "", resource: "services", name, how: "backend" })),
    ...[...secrets].map((name) => ({ group: "", resource: "secrets", name, how: "TLS" })),
    {
      group: "networking.k8s.io",
      resource: "ingressclasses",
      name: asString(at(object, "spec", "ingressClassName")),
      how: "class",
    },
  ];
}

export function gatewayReferences(object: KubeObject): readonly Reference[] {
  const certificates = asRecords(at(object, "spec", "listeners")).flatMap((listener) =>
    asRecords(at(listener, "tls", "certificateRefs")).map((reference) =>
      named(reference, "Secret", "", `TLS of ${asString(listener["name"])}`),
    ),
  );
  return once([
    {
      group: GATEWAY_GROUP,
      resource: "gatewayclasses",
      name: asString(at(object, "spec", "gatewayClassName")),
      how: "class",
    },
    ...certificates,
  ]);
}

/** A route of any protocol: the gateways it hangs on, and the services it leads to. */
export function routeReferences(object: KubeObject): readonly Reference[] {
  const rules = asRecords(at(object, "spec", "rules"));
  const filters = rules.flatMap((rule) => [
    ...asRecords(rule["filters"]),
    ...asRecords(rule["backendRefs"]).flatMap((backend) => asRecords(backend["filters"])),
  ]);
  return once([
    ...asRecords(at(object, "spec", "parentRefs")).map((parent) => named(parent, "Gateway", GATEWAY_GROUP, "parent")),
    ...rules
      .flatMap((rule) => asRecords(rule["backendRefs"]))
      .map((backend) => named(backend, "Service", "", "backend")),
    ...filters.flatMap((filter) => {
      const mirror = at(filter, "requestMirror", "backendRef");
      return isRecord(mirror) ? [named(mirror, "Service", "", "mirror")] : [];
    }),
  ]);
}

export function backendPolicyReferences(object: KubeObject): readonly Reference[] {
  return [
    ...asRecords(at(object, "spec", "targetRefs")).map((target) => named(target, "Service", "", "target")),
    ...asRecords(at(object, "spec", "validation", "caCertificateRefs")).map((reference) =>
      named(reference, "ConfigMap", "", "CA certificate"),
    ),
  ];
}

/** The services that webhooks of a configuration are served by. */
export function webhookReferences(object: KubeObject): readonly Reference[] {
  return once(asRecords(object["webhooks"]).map((hook) => calledService(at(hook, "clientConfig", "service"), "calls")));
}

/** A service that the API server calls, in whatever namespace. */
export function calledService(service: unknown, how: string): Reference {
  const fields = asRecord(service);
  return {
    group: "",
    resource: "services",
    namespace: asString(fields["namespace"]),
    name: asString(fields["name"]),
    how,
  };
}

/** What a workload or its like is named by: `kind`, `name`, and `apiVersion`. */
export function targetReference(target: unknown, how: string): Reference {
  const fields = asRecord(target);
  const { group } = parseApiVersion(asString(fields["apiVersion"]));
  return { group, resource: pluralOf(asString(fields["kind"])), name: asString(fields["name"]), how };
}

/** An object reference of the Gateway API; kind and group may be left out. */
function named(fields: Fields, kind: string, group: string, how: string): Reference {
  const namespace = asString(fields["namespace"]);
  return {
    group: asString(fields["group"], group),
    resource: pluralOf(asString(fields["kind"], kind)),
    name: asString(fields["name"]),
    how,
    ...(namespace === "" ? {} : { namespace }),
  };
}

/** Several ports of a service are one reference to it. */
function once(all: readonly Reference[]): readonly Reference[] {
  const seen = new Set<string>();
  return all.filter(({ group, resource, namespace, name, how }) => {
    const key = [group, resource, namespace, name, how].join(" ");
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
