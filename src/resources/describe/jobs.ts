import { humanDuration, parseTime } from "../../lib/age.ts";
import { asNumber, asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import { writePodTemplate } from "./pod-template.ts";
import type { DescribeInput } from "./sections.ts";
import { optionalField, timeText, writeConditions, writeController, writeEvents, writeIdentity } from "./sections.ts";

type Fields = Readonly<Record<string, unknown>>;

/** As `JobDescriber` of kubectl/pkg/describe/describe.go. */
export function describeJob(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  const status = asRecord(object["status"]);
  writeIdentity(document, object, () => document.field(0, "Selector", selectorText(spec["selector"])));
  writeController(document, object);
  document.field(0, "Parallelism", scalarText(spec["parallelism"] ?? 1));
  document.field(0, "Completions", scalarText(spec["completions"] ?? "<unset>"));
  optionalField(document, 0, "Completion Mode", spec["completionMode"]);
  const suspended = spec["suspend"] === true;
  document.field(0, "Suspend", scalarText(suspended), suspended ? "warning" : undefined);
  document.field(0, "Backoff Limit", scalarText(spec["backoffLimit"] ?? 6));
  optionalField(document, 0, "TTL Seconds After Finished", spec["ttlSecondsAfterFinished"]);
  const { startTime, completionTime } = status;
  if (startTime !== undefined) document.field(0, "Start Time", timeText(startTime, now));
  if (completionTime !== undefined) {
    document.field(0, "Completed At", timeText(completionTime, now));
    const took = parseTime(asString(completionTime)) - parseTime(asString(startTime));
    if (!Number.isNaN(took)) document.field(0, "Duration", humanDuration(took));
  }
  writeDeadline(document, spec);
  const failed = asNumber(status["failed"]);
  const ready = status["ready"] === undefined ? "" : ` (${asNumber(status["ready"])} Ready)`;
  document.field(
    0,
    "Pods Statuses",
    `${asNumber(status["active"])} Active${ready} / ${asNumber(status["succeeded"])} Succeeded / ${failed} Failed`,
    failed > 0 ? "error" : undefined,
  );
  optionalField(document, 0, "Completed Indexes", status["completedIndexes"]);
  writePodTemplate(document, spec["template"], now);
  writeConditions(document, object, now);
  writeEvents(document, input);
}

/** As `CronJobDescriber` of kubectl/pkg/describe/describe.go. */
export function describeCronJob(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  const job = asRecord(at(spec, "jobTemplate", "spec"));
  writeIdentity(document, object);
  document.field(0, "Schedule", asString(spec["schedule"]));
  document.field(0, "Concurrency Policy", asString(spec["concurrencyPolicy"], "Allow"));
  const suspended = spec["suspend"] === true;
  document.field(0, "Suspend", suspended ? "True" : "False", suspended ? "warning" : undefined);
  document.field(0, "Time Zone", asString(spec["timeZone"]) || "<unset>");
  document.field(0, "Successful Job History Limit", scalarText(spec["successfulJobsHistoryLimit"] ?? 3));
  document.field(0, "Failed Job History Limit", scalarText(spec["failedJobsHistoryLimit"] ?? 1));
  const start = spec["startingDeadlineSeconds"];
  document.field(0, "Starting Deadline Seconds", start === undefined ? "<unset>" : `${scalarText(start)}s`);
  const selector = selectorText(job["selector"]);
  document.field(0, "Selector", selector === "<none>" ? "<unset>" : selector);
  document.field(0, "Parallelism", scalarText(job["parallelism"] ?? "<unset>"));
  document.field(0, "Completions", scalarText(job["completions"] ?? "<unset>"));
  writeDeadline(document, job);
  writePodTemplate(document, job["template"], now);
  const last = at(object, "status", "lastScheduleTime");
  document.field(0, "Last Schedule Time", timeText(last, now));
  const active = asRecords(at(object, "status", "active")).map((each) => asString(each["name"]));
  document.field(0, "Active Jobs", active.join(", ") || "<none>");
  writeEvents(document, input);
}

function writeDeadline(document: DescribeDocument, job: Fields): void {
  const seconds = job["activeDeadlineSeconds"];
  if (seconds !== undefined) document.field(0, "Active Deadline Seconds", `${scalarText(seconds)}s`);
}
