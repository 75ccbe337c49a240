import { asArray, asRecord, asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { optionalField, writeEvents, writeIdentity } from "./sections.ts";

type Fields = Readonly<Record<string, unknown>>;

/** As `EndpointsDescriber` of kubectl/pkg/describe/describe.go. */
export function describeEndpoints(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  document.heading(0, "Subsets");
  for (const subset of asRecords(input.object["subsets"])) {
    const words = (field: string): string =>
      asRecords(subset[field])
        .map((address) => asString(address["ip"]))
        .join(",") || "<none>";
    document.field(1, "Addresses", words("addresses"));
    const waiting = words("notReadyAddresses");
    document.field(1, "NotReadyAddresses", waiting, waiting === "<none>" ? undefined : "warning");
    writePorts(document, 1, asRecords(subset["ports"]));
  }
  writeEvents(document, input);
}

function writePorts(document: DescribeDocument, level: number, ports: readonly Fields[]): void {
  if (ports.length === 0) {
    document.field(level, "Ports", "<unset>");
    return;
  }
  document.heading(level, "Ports");
  const rows = ports.map((port) => [
    asString(port["name"]) || "<unset>",
    scalarText(port["port"] ?? "<unset>"),
    asString(port["protocol"], "TCP"),
  ]);
  document.table(level + 1, ["Name", "Port", "Protocol"], rows);
}

/** As `EndpointSliceDescriber`, with each condition. */
export function describeEndpointSlice(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  writeIdentity(document, object);
  document.field(0, "AddressType", asString(object["addressType"]));
  writePorts(document, 0, asRecords(object["ports"]));
  const endpoints = asRecords(object["endpoints"]);
  if (endpoints.length === 0) document.field(0, "Endpoints", "<none>");
  else document.heading(0, "Endpoints");
  for (const endpoint of endpoints) {
    const addresses = asArray(endpoint["addresses"]).map((address) => asString(address));
    document.field(1, "- Addresses", addresses.join(","));
    document.heading(2, "Conditions");
    const conditions = asRecord(endpoint["conditions"]);
    const { ready = true } = conditions;
    document.field(3, "Ready", scalarText(ready), ready === true ? "ok" : "warning");
    for (const [label, field] of [
      ["Serving", "serving"],
      ["Terminating", "terminating"],
    ] as const) {
      optionalField(document, 3, label, conditions[field]);
    }
    optionalField(document, 2, "Hostname", endpoint["hostname"]);
    const target = endpoint["targetRef"];
    if (isRecord(target)) document.field(2, "TargetRef", `${asString(target["kind"])}/${asString(target["name"])}`);
    optionalField(document, 2, "NodeName", endpoint["nodeName"]);
    optionalField(document, 2, "Zone", endpoint["zone"]);
    const hints = asRecords(at(endpoint, "hints", "forZones")).map((zone) => asString(zone["name"]));
    if (hints.length > 0) document.field(2, "For Zones", hints.join(","));
  }
  writeEvents(document, input);
}
