import { asArray, asNumber, asRecords, asString, at } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { optionalField, writeEvents, writeIdentity } from "./sections.ts";
import { scalarText } from "../scalar-text.ts";

/** The label of the EndpointSlices among the related objects of a service. */
export const ENDPOINT_SLICES = "endpointslices";

/** As `ServiceDescriber` of kubectl/pkg/describe/describe.go, with endpoints told apart by readiness. */
export function describeService(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  const spec = (field: string): unknown => at(object, "spec", field);
  writeIdentity(document, object);
  document.field(0, "Selector", selectorText(spec("selector")));
  document.field(0, "Type", asString(spec("type"), "ClusterIP"));
  document.field(0, "IP Family Policy", asString(spec("ipFamilyPolicy")) || "<none>");
  document.field(0, "IP Families", asArray(spec("ipFamilies")).map(scalarText).join(",") || "<none>");
  document.field(0, "IP", asString(spec("clusterIP")) || "<none>");
  document.field(0, "IPs", asArray(spec("clusterIPs")).map(scalarText).join(",") || "<none>");
  optionalField(document, 0, "External IPs", words(spec("externalIPs")));
  optionalField(document, 0, "Desired LoadBalancer IP", spec("loadBalancerIP"));
  optionalField(document, 0, "External Name", spec("externalName"));
  optionalField(document, 0, "LoadBalancer Ingress", loadBalancerText(object));
  const slices = input.related.get(ENDPOINT_SLICES);
  for (const port of asRecords(spec("ports"))) {
    const name = asString(port["name"]) || "<unset>";
    const protocol = asString(port["protocol"], "TCP");
    document.field(0, "Port", `${name}  ${scalarText(port["port"])}/${protocol}`);
    document.field(0, "TargetPort", `${scalarText(port["targetPort"] ?? port["port"])}/${protocol}`);
    if (asNumber(port["nodePort"]) > 0)
      document.field(0, "NodePort", `${name}  ${scalarText(port["nodePort"])}/${protocol}`);
    if (slices !== undefined) writeEndpoints(document, slices, asString(port["name"]));
  }
  document.field(0, "Session Affinity", asString(spec("sessionAffinity"), "None"));
  optionalField(document, 0, "External Traffic Policy", spec("externalTrafficPolicy"));
  optionalField(document, 0, "Internal Traffic Policy", spec("internalTrafficPolicy"));
  if (asNumber(spec("healthCheckNodePort")) > 0) {
    optionalField(document, 0, "HealthCheck NodePort", spec("healthCheckNodePort"));
  }
  optionalField(document, 0, "LoadBalancer Source Ranges", words(spec("loadBalancerSourceRanges")));
  optionalField(document, 0, "Traffic Distribution", spec("trafficDistribution"));
  writeEvents(document, input);
}

function writeEndpoints(document: DescribeDocument, slices: readonly KubeObject[], portName: string): void {
  const addresses = (ready: boolean): readonly string[] =>
    slices.flatMap((slice) => {
      const port = asRecords(slice["ports"]).find((one) => asString(one["name"]) === portName);
      if (port === undefined) return [];
      return asRecords(slice["endpoints"])
        .filter((endpoint) => (at(endpoint, "conditions", "ready") !== false) === ready)
        .flatMap((endpoint) =>
          asArray(endpoint["addresses"]).map((address) => `${asString(address)}:${scalarText(port["port"])}`),
        );
    });
  const ready = addresses(true);
  document.field(0, "Endpoints", ready.join(",") || "<none>", ready.length === 0 ? "warning" : undefined);
  const waiting = addresses(false);
  if (waiting.length > 0) document.field(0, "Not Ready", waiting.join(","), "warning");
}

function words(value: unknown): string {
  return asArray(value)
    .map((each) => asString(each))
    .join(",");
}

/** Addresses that a load balancer has given: of a Service or an Ingress. */
export function loadBalancerText(object: KubeObject): string {
  return asRecords(at(object, "status", "loadBalancer", "ingress"))
    .map((one) => asString(one["ip"]) || asString(one["hostname"]))
    .join(",");
}
