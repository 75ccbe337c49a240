import { ageOf } from "../../lib/age.ts";
import { asArray, asNumber, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { admitPod, qosClass } from "../machinery/pod-admission.ts";
import { podRow } from "../machinery/pod-row.ts";
import { ageColumn, column, nameColumn, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";
import { forbiddenField } from "../machinery/validation/field-error.ts";

/** 68 years; later times than the year 9999 have no notation. */
const MAX_GRACE_SECONDS = 2 ** 31;

/** Graceful deletion: the kubelet deletes with grace 0 when the containers have ended. */
export const pods = serveResource({
  group: "",
  version: "v1",
  resource: "pods",
  kind: "Pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  subresources: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "status"],
  hasGeneration: true,
  returnsDeleted: true,
  columns: [
    nameColumn,
    column("Ready", (pod) => `${podRow(pod).ready}/${podRow(pod).total}`),
    column("Status", (pod) => podRow(pod).status),
    column("Restarts", (pod, now) => {
      const { restarts, lastRestart } = podRow(pod);
      return restarts === 0 || lastRestart === "" ? String(restarts) : `${restarts} (${ageOf(lastRestart, now)} ago)`;
    }),
    ageColumn,
    wideColumn("IP", (pod) => asString(at(pod, "status", "podIPs", 0, "ip")) || "<none>"),
    wideColumn("Node", (pod) => asString(at(pod, "spec", "nodeName")) || "<none>"),
    wideColumn("Nominated Node", (pod) => asString(at(pod, "status", "nominatedNodeName")) || "<none>"),
    wideColumn("Readiness Gates", readinessGates),
  ],
  rowConditions(pod) {
    const phase = at(pod, "status", "phase");
    if (phase === "Succeeded") {
      const message = "The pod has completed successfully.";
      return [{ type: "Completed", status: "True", reason: "Succeeded", message }];
    }
    if (phase === "Failed") {
      return [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];
    }
    return [];
  },
  prepareForCreate: (pod) => ({ ...pod, status: { phase: "Pending" } }),
  admit(pod, old, context) {
    if (old !== undefined) return pod;
    const admitted = admitPod(pod, context);
    return { ...admitted, status: { ...asRecord(admitted["status"]), qosClass: qosClass(admitted) } };
  },
  validate(pod, old) {
    if (old !== undefined || asRecords(at(pod, "spec", "ephemeralContainers")).length === 0) return [];
    return [forbiddenField("spec.ephemeralContainers", "cannot be set on create")];
  },
  gracePeriod(pod, options) {
    const phase = at(pod, "status", "phase");
    if (asString(at(pod, "spec", "nodeName")) === "" || phase === "Failed" || phase === "Succeeded") return 0;
    const grace = options.gracePeriodSeconds ?? asNumber(at(pod, "spec", "terminationGracePeriodSeconds"), 30);
    // Upstream takes what is below zero for one second.
    return grace < 0 ? 1 : Math.min(grace, MAX_GRACE_SECONDS);
  },
});

function readinessGates(pod: KubeObject): string {
  const gates = asArray(at(pod, "spec", "readinessGates"));
  if (gates.length === 0) return "<none>";
  const conditions = asRecords(at(pod, "status", "conditions"));
  const met = gates.filter((gate) =>
    conditions.some((each) => each["type"] === asRecord(gate)["conditionType"] && each["status"] === "True"),
  );
  return `${met.length}/${gates.length}`;
}
