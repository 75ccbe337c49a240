import { own } from "../../lib/own.ts";
import { humanDuration } from "../../lib/age.ts";
import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, querySelector, templateColumns } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";
import { podsOwnedBy } from "../pods-behind.ts";

const TONES: Readonly<Record<string, Tone>> = {
  Complete: "done",
  Failed: "error",
  FailureTarget: "error",
  Suspended: "muted",
  Terminating: "muted",
};

const TEMPLATE = `spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:stable
          command: [sh, -c, "echo done"]
`;

export const jobs = defineKind({
  gvr: { group: "batch", version: "v1", resource: "jobs" },
  kind: "Job",
  aliases: ["job"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete", "logs", "suspend", "run-now", "port-forward"],
  columns: [
    nameColumn,
    { id: "status", title: "STATUS", keep: 9, text: jobStatus, tone: (object) => jobTone(object) },
    {
      id: "completions",
      title: "COMPLETIONS",
      keep: 8,
      text: completions,
      sortKey: (object) => asNumber(at(object, "status", "succeeded")),
    },
    {
      id: "duration",
      title: "DURATION",
      keep: 6,
      clock: true,
      text: (object, { now }) => {
        const milliseconds = duration(object, now);
        return milliseconds === undefined ? "" : humanDuration(milliseconds);
      },
      sortKey: (object, { now }) => duration(object, now) ?? -1,
    },
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => jobTone(object),
  drillDown: (object) => podsOwnedBy(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});

function jobTone(object: KubeObject): Tone {
  return own(TONES, jobStatus(object)) ?? "progress";
}

/** STATUS as `printJob` of kubernetes/pkg/printers/internalversion/printers.go. */
function jobStatus(object: KubeObject): string {
  const holds = (type: string): boolean =>
    asRecords(at(object, "status", "conditions")).some((one) => one["type"] === type && one["status"] === "True");
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (holds("Suspended")) return "Suspended";
  if (holds("FailureTarget")) return "FailureTarget";
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function completions(object: KubeObject): string {
  const done = asNumber(at(object, "status", "succeeded"));
  const wanted = at(object, "spec", "completions");
  if (typeof wanted === "number") return `${done}/${wanted}`;
  const parallelism = asNumber(at(object, "spec", "parallelism"));
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function duration(object: KubeObject, now: number): number | undefined {
  const started = Date.parse(asString(at(object, "status", "startTime")));
  if (Number.isNaN(started)) return undefined;
  // A job that failed has no completion time: it ended when it was said to have failed.
  const failed = asRecords(at(object, "status", "conditions")).find(
    (condition) => condition["type"] === "Failed" && condition["status"] === "True",
  );
  const ended = Date.parse(
    asString(at(object, "status", "completionTime")) || asString(failed?.["lastTransitionTime"]),
  );
  return (Number.isNaN(ended) ? now : ended) - started;
}
