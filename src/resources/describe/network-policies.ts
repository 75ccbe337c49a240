import { asArray, asRecord, asRecords, asString, isRecord } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { timeText, writeEvents, writeIdentity } from "./sections.ts";

type Fields = Readonly<Record<string, unknown>>;

/** As `NetworkPolicyDescriber` of kubectl/pkg/describe/describe.go. */
export function describeNetworkPolicy(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  const types = asArray(spec["policyTypes"]).map((type) => asString(type));
  writeIdentity(document, object, () =>
    document.field(0, "Created on", timeText(object.metadata.creationTimestamp, now)),
  );
  document.heading(0, "Spec");
  const pods = selectorText(spec["podSelector"]);
  document.field(
    1,
    "PodSelector",
    pods === "<none>" ? "<none> (Allowing the specific traffic to all pods in this namespace)" : pods,
  );
  writeDirection(document, { title: "ingress", peers: "From", field: "from", rules: spec["ingress"] }, types);
  writeDirection(document, { title: "egress", peers: "To", field: "to", rules: spec["egress"] }, types);
  document.field(1, "Policy Types", types.join(", "));
  writeEvents(document, input);
}

interface Direction {
  readonly title: "ingress" | "egress";
  readonly peers: "From" | "To";
  readonly field: "from" | "to";
  readonly rules: unknown;
}

function writeDirection(document: DescribeDocument, direction: Direction, types: readonly string[]): void {
  const { title, peers, field, rules } = direction;
  if (!types.some((type) => type.toLowerCase() === title)) {
    document.text(1, `Not affecting ${title} traffic`);
    return;
  }
  document.heading(1, `Allowing ${title} traffic`);
  const list = asRecords(rules);
  if (list.length === 0) {
    document.text(2, `<none> (Selected pods are isolated for ${title} connectivity)`, "warning");
    return;
  }
  for (const [index, rule] of list.entries()) {
    if (index > 0) document.text(2, "----------", "muted");
    const ports = asRecords(rule["ports"]);
    if (ports.length === 0) document.field(2, "To Port", "<any> (traffic allowed to all ports)");
    for (const port of ports) writePort(document, port);
    const others = asRecords(rule[field]);
    const whom = title === "ingress" ? "source" : "destination";
    if (others.length === 0) document.field(2, peers, `<any> (traffic not restricted by ${whom})`);
    for (const peer of others) writePeer(document, peers, peer);
  }
}

function writePort(document: DescribeDocument, port: Fields): void {
  const protocol = asString(port["protocol"], "TCP");
  if (port["endPort"] === undefined) document.field(2, "To Port", `${scalarText(port["port"] ?? "<any>")}/${protocol}`);
  else document.field(2, "To Port Range", `${scalarText(port["port"])}-${scalarText(port["endPort"])}/${protocol}`);
}

function writePeer(document: DescribeDocument, label: string, peer: Fields): void {
  document.heading(2, label);
  const { namespaceSelector, podSelector, ipBlock } = peer;
  if (isRecord(namespaceSelector)) document.field(3, "NamespaceSelector", selectorText(namespaceSelector));
  if (isRecord(podSelector)) document.field(3, "PodSelector", selectorText(podSelector));
  if (!isRecord(ipBlock)) return;
  document.heading(3, "IPBlock");
  document.field(4, "CIDR", asString(ipBlock["cidr"]));
  const except = asArray(ipBlock["except"]).map((range) => asString(range));
  document.field(4, "Except", except.join(", "));
}
