import { asRecords, asString, at } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "./kind.ts";
import { scalarText } from "./scalar-text.ts";

/** STATUS as `printNode` of kubernetes/pkg/printers/internalversion/printers.go: `Ready,SchedulingDisabled`. */
export function nodeStatus(node: KubeObject): string {
  const ready = asRecords(at(node, "status", "conditions")).find((condition) => condition["type"] === "Ready");
  const words = ready === undefined ? ["Unknown"] : [ready["status"] === "True" ? "Ready" : "NotReady"];
  if (at(node, "spec", "unschedulable") === true) words.push("SchedulingDisabled");
  return words.join(",");
}

const ROLE_PREFIX = "node-role.kubernetes.io/";

/** ROLES from the labels, sorted; `<none>` where there are none. */
export function nodeRoles(node: KubeObject): string {
  const labels = node.metadata.labels ?? {};
  const roles = Object.entries(labels)
    .map(([key, value]) => {
      if (key.startsWith(ROLE_PREFIX)) return key.slice(ROLE_PREFIX.length);
      return key === "kubernetes.io/role" ? value : "";
    })
    .filter((role) => role !== "");
  return roles.length === 0 ? "<none>" : [...new Set(roles)].sort().join(",");
}

/** What the node lacks: `MemoryPressure`, `DiskPressure`, `NetworkUnavailable`. Other conditions say nothing of health. */
export function nodePressures(node: KubeObject): readonly string[] {
  return asRecords(at(node, "status", "conditions"))
    .filter(
      (condition) =>
        /Pressure$|^NetworkUnavailable$/.test(asString(condition["type"])) && condition["status"] === "True",
    )
    .map((condition) => scalarText(condition["type"]));
}

export function nodeTone(node: KubeObject): Tone {
  const status = nodeStatus(node);
  if (!status.startsWith("Ready")) return "error";
  if (nodePressures(node).length > 0 || status !== "Ready") return "warning";
  return "ok";
}
