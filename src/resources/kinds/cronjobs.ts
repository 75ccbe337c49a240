import { ageOf } from "../../lib/age.ts";
import { asArray, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, ageKey, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const cronjobs = defineKind({
  gvr: { group: "batch", version: "v1", resource: "cronjobs" },
  kind: "CronJob",
  aliases: ["cj"],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete", "set-image", "suspend", "run-now"],
  columns: [
    nameColumn,
    textColumn("SCHEDULE", (object) => asString(at(object, "spec", "schedule")), { keep: 8 }),
    textColumn("TIMEZONE", (object) => asString(at(object, "spec", "timeZone"), "<none>"), { keep: 3 }),
    textColumn("SUSPEND", (object) => (suspended(object) ? "True" : "False"), {
      keep: 7,
      tone: (object) => (suspended(object) ? "muted" : undefined),
    }),
    numberColumn("ACTIVE", (object) => asArray(at(object, "status", "active")).length, { keep: 7 }),
    {
      id: "last-schedule",
      title: "LAST SCHEDULE",
      clock: true,
      keep: 6,
      text: (object, { now }) => {
        const last = asString(at(object, "status", "lastScheduleTime"));
        return last === "" ? "<none>" : ageOf(last, now);
      },
      sortKey: (object, { now }) => ageKey(asString(at(object, "status", "lastScheduleTime")), now),
    },
    ageColumn,
    textColumn("IMAGES", images, { wide: true, minWidth: 10 }),
  ],
  tone: (object) => (suspended(object) ? "muted" : "ok"),
  drillDown: (object) => {
    const { uid, namespace = "" } = object.metadata;
    if (uid === undefined) return undefined;
    return { to: "list", resource: "jobs", group: "batch", namespace, ownerUid: uid };
  },
});

function suspended(object: KubeObject): boolean {
  return at(object, "spec", "suspend") === true;
}

function images(object: KubeObject): string {
  return asRecords(at(object, "spec", "jobTemplate", "spec", "template", "spec", "containers"))
    .map((container) => asString(container["image"]))
    .join(",");
}
