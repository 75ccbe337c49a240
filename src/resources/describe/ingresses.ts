import { asArray, asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import type { RelatedQuery } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";
import { ENDPOINT_SLICES, loadBalancerText } from "./services.ts";

const SERVICES = "services";

/** Services and endpoints of the namespace: a rule names a service, and what is asked is whether anybody is behind it. */
export function ingressBackends({ metadata: { namespace = "" } }: KubeObject): readonly RelatedQuery[] {
  const endpointSlices = { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" } as const;
  return [
    { key: SERVICES, gvr: { group: "", version: "v1", resource: "services" }, namespace },
    { key: ENDPOINT_SLICES, gvr: endpointSlices, namespace },
  ];
}

/** As `IngressDescriber` of kubectl/pkg/describe/describe.go. */
export function describeIngress(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  const spec = asRecord(object["spec"]);
  writeIdentity(document, object, () => {
    document.field(0, "Address", loadBalancerText(object) || "<none>");
    document.field(0, "Ingress Class", asString(spec["ingressClassName"]) || "<none>");
    const backend = spec["defaultBackend"];
    document.field(0, "Default backend", isRecord(backend) ? backendText(backend, input) : "<default>");
  });
  const tls = asRecords(spec["tls"]);
  if (tls.length > 0) document.heading(0, "TLS");
  for (const one of tls) {
    const hosts = asArray(one["hosts"]).map((host) => asString(host));
    const secret = asString(one["secretName"]) || "SNI routes";
    document.text(1, `${secret} terminates ${hosts.join(",")}`);
  }
  document.heading(0, "Rules");
  const rows = asRecords(spec["rules"]).flatMap((rule) => {
    const paths = asRecords(at(rule, "http", "paths"));
    return [
      [asString(rule["host"]) || "*", "", ""],
      ...paths.map((path) => ["", asString(path["path"]), backendText(asRecord(path["backend"]), input)]),
    ];
  });
  document.table(1, ["Host", "Path", "Backends"], rows.length === 0 ? [["*", "*", "<default>"]] : rows);
  writeEvents(document, input);
}

function backendText(backend: Readonly<Record<string, unknown>>, input: DescribeInput): string {
  const { resource, service } = backend;
  if (isRecord(resource)) {
    const [group, kind, name] = ["apiGroup", "kind", "name"].map((field) => asString(resource[field]));
    return `APIGroup: ${group ?? ""}, Kind: ${kind ?? ""}, Name: ${name ?? ""}`;
  }
  const name = asString(at(service, "name"));
  const port = at(service, "port", "name") ?? at(service, "port", "number");
  return `${name}:${scalarText(port)} (${endpointsText(name, port, input)})`;
}

function endpointsText(name: string, port: unknown, { related }: DescribeInput): string {
  const [services, slices] = [related.get(SERVICES), related.get(ENDPOINT_SLICES)];
  if (services === undefined || slices === undefined) return "<loading>";
  const service = services.find((each) => each.metadata.name === name);
  if (service === undefined) return `<error: services "${name}" not found>`;
  const wanted = asRecords(at(service, "spec", "ports")).find((each) => each["name"] === port || each["port"] === port);
  if (wanted === undefined) return "<no such port>";
  const addresses = slices
    .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === name)
    .flatMap((slice) => {
      const found = asRecords(slice["ports"]).find((each) => asString(each["name"]) === asString(wanted["name"]));
      if (found === undefined) return [];
      const ready = asRecords(slice["endpoints"]).filter((each) => at(each, "conditions", "ready") !== false);
      return ready.flatMap((each) =>
        asArray(each["addresses"]).map((address) => `${asString(address)}:${scalarText(found["port"])}`),
      );
    });
  const more = addresses.length > 3 ? ` + ${addresses.length - 3} more...` : "";
  return addresses.slice(0, 3).join(",") + more || "<none>";
}

/** As `IngressClassDescriber`. */
export function describeIngressClass(document: DescribeDocument, input: DescribeInput): void {
  const spec = asRecord(input.object["spec"]);
  writeIdentity(document, input.object);
  document.field(0, "Controller", asString(spec["controller"]));
  const parameters = asRecord(spec["parameters"]);
  if (Object.keys(parameters).length > 0) {
    document.heading(0, "Parameters");
    for (const [label, field] of [
      ["APIGroup", "apiGroup"],
      ["Kind", "kind"],
      ["Name", "name"],
      ["Namespace", "namespace"],
    ] as const) {
      if (parameters[field] !== undefined) document.field(1, label, asString(parameters[field]));
    }
  }
  writeEvents(document, input);
}
