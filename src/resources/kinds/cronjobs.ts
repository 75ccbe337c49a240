import { ageOf, humanDuration, parseTime } from "../../lib/age.ts";
import { parseCron, type CronSchedule } from "../../lib/cron.ts";
import { asArray, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, ageKey, nameColumn, numberColumn, templateColumnsAt, textColumn } from "../columns.ts";
import { defineKind, type RowContext } from "../kind.ts";

const TEMPLATE = `spec:
  # Minute, hour, day of month, month, day of week.
  schedule: "0 3 * * *"
  # timeZone: Europe/Berlin
  # suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: busybox:stable
              command: [sh, -c, "echo done"]
`;

export const cronjobs = defineKind({
  gvr: { group: "batch", version: "v1", resource: "cronjobs" },
  kind: "CronJob",
  aliases: ["cj"],
  namespaced: true,
  template: TEMPLATE,
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
    {
      id: "next",
      title: "NEXT",
      clock: true,
      keep: 6,
      text: nextText,
      sortKey: (object, { now }) => nextRun(object, now) ?? Number.MAX_SAFE_INTEGER,
      tone: (object, { now }) => (!suspended(object) && nextRun(object, now) === undefined ? "error" : undefined),
    },
    ageColumn,
    ...templateColumnsAt("spec", "jobTemplate", "spec"),
  ],
  tone: (object, { now }) => (suspended(object) ? "muted" : nextRun(object, now) === undefined ? "warning" : "ok"),
  drillDown: (object) => {
    const { uid, namespace = "" } = object.metadata;
    if (uid === undefined) return undefined;
    return { to: "list", resource: "jobs", group: "batch", namespace, ownerUid: uid };
  },
});

function suspended(object: KubeObject): boolean {
  return at(object, "spec", "suspend") === true;
}

/** Time until the next run: `4m`; `-` where it is suspended, `never` for a schedule without one, `?` for none at all. */
function nextText(object: KubeObject, { now }: RowContext): string {
  if (suspended(object)) return "-";
  const next = nextRun(object, now);
  if (next !== undefined) return humanDuration(next - now);
  return scheduleOf(object) === undefined ? "?" : "never";
}

interface Schedule {
  readonly cron: CronSchedule;
  readonly timeZone: string;
  /** Milliseconds since the epoch; `undefined` where it never runs again. */
  next: number | undefined;
}

const schedules = new WeakMap<KubeObject, Schedule | { readonly cron: undefined }>();

function scheduleOf(object: KubeObject): Schedule | undefined {
  let known = schedules.get(object);
  if (known === undefined) {
    // Without a time zone the controller manager's own holds; it is UTC nearly everywhere, and cannot be asked.
    const timeZone = asString(at(object, "spec", "timeZone")) || "UTC";
    try {
      const cron = parseCron(asString(at(object, "spec", "schedule")));
      cron.next(0, timeZone);
      known = { cron, timeZone, next: -1 };
    } catch {
      known = { cron: undefined };
    }
    schedules.set(object, known);
  }
  return known.cron === undefined ? undefined : known;
}

/** When it runs next, in milliseconds since the epoch; worked out anew only when that time has passed. */
function nextRun(object: KubeObject, now: number): number | undefined {
  const schedule = scheduleOf(object);
  if (schedule?.next === undefined) return undefined;
  if (schedule.next <= now) {
    const { every } = schedule.cron;
    const last = parseTime(
      asString(at(object, "status", "lastScheduleTime")) || (object.metadata.creationTimestamp ?? ""),
    );
    const from = every === undefined || !(last <= now) ? now : last + Math.floor((now - last) / every) * every;
    schedule.next = schedule.cron.next(from, schedule.timeZone);
  }
  return schedule.next;
}
