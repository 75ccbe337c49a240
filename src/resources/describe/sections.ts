import { ageOf } from "../../lib/age.ts";
import { asArray, asRecords, asString, at, controllerOf } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { LAST_APPLIED } from "../../lib/kube/secret-values.ts";
import { eventSummary } from "../event-summary.ts";
import type { Tone } from "../kind.ts";
import type { DescribeDocument } from "./document.ts";
import { toned } from "./document.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";

/** What a description is made of. */
export interface DescribeInput {
  readonly object: KubeObject;
  /** Events whose involved object is this one, in any order. */
  readonly events: readonly KubeObject[];
  /** Why `events` may not be all of them: still loading, not allowed. */
  readonly eventsNote?: string;
  /** Answers of the describer's related queries, by their key. Missing: not asked yet or not allowed. */
  readonly related: ReadonlyMap<string, readonly KubeObject[]>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A time as kubectl prints it (RFC 1123 with a numeric zone, local time) and how long ago it was. */
export function timeText(timestamp: unknown, now: number): string {
  const text = asString(timestamp);
  const date = new Date(text);
  if (text === "" || Number.isNaN(date.getTime())) return "<unset>";
  const two = (value: number): string => scalarText(value).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${DAYS[date.getDay()] ?? ""}, ${two(date.getDate())} ${MONTHS[date.getMonth()] ?? ""} ${date.getFullYear()}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock} ${zone} (${ageOf(text, now)} ago)`;
}

/** Name, namespace, labels and annotations: how every description begins. */
export function writeIdentity(document: DescribeDocument, object: KubeObject, between?: () => void): void {
  document.field(0, "Name", asString(object.metadata.name));
  if (object.metadata.namespace !== undefined) document.field(0, "Namespace", asString(object.metadata.namespace));
  between?.();
  document.list(0, "Labels", pairs(object.metadata.labels, "="));
  document.list(0, "Annotations", annotations(object));
}

export function pairs(map: Readonly<Record<string, unknown>> | undefined, separator: string): readonly string[] {
  return sortedEntries(map ?? {}).map(([key, value]) => `${key}${separator}${scalarText(value)}`);
}

/** `last-applied-configuration` is left out, as kubectl does; values are cut where they would fill the screen. */
function annotations(object: KubeObject): readonly string[] {
  const shown = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED);
  return pairs(Object.fromEntries(shown), ": ").map((line) => (line.length > 300 ? `${line.slice(0, 300)}…` : line));
}

export function writeController(document: DescribeDocument, object: KubeObject): void {
  const owner = controllerOf(object);
  if (owner !== undefined) document.field(0, "Controlled By", `${owner.kind}/${owner.name}`);
}

/** Types that are good news when they are `False`. */
const BAD_WHEN_TRUE = /Pressure$|Unavailable$|Failure$|^Failed$|^Stalled$|Disruption/;

export function conditionTone(type: string, status: string): Tone | undefined {
  if (status === "Unknown") return "warning";
  // What a component calls `NoSomething` limits it and breaks nothing.
  if (/^No[A-Z]/.test(type)) return status === "True" ? "warning" : "ok";
  const good = BAD_WHEN_TRUE.test(type) ? status === "False" : status === "True";
  return good ? "ok" : "error";
}

/** The columns of `conditions` that are filled, with times as ages. */
export function writeConditions(document: DescribeDocument, object: KubeObject, now: number): void {
  const conditions = asRecords(at(object, "status", "conditions"));
  if (conditions.length === 0) return;
  const columns: readonly ConditionColumn[] = [
    { title: "Type", text: (fields) => asString(fields["type"]) },
    {
      title: "Status",
      text: (fields) => asString(fields["status"]),
      tone: (fields) => conditionTone(asString(fields["type"]), asString(fields["status"])),
    },
    { title: "Reason", text: (fields) => asString(fields["reason"]) },
    { title: "Since", text: (fields) => sinceText(fields["lastTransitionTime"], now) },
    { title: "Message", text: (fields) => asString(fields["message"]).replaceAll(/\s*\n\s*/g, " ") },
  ];
  const filled = columns.filter((column) => conditions.some((fields) => column.text(fields) !== ""));
  document.heading(0, "Conditions");
  document.table(
    1,
    filled.map((column) => column.title),
    conditions.map((fields) => filled.map((column) => toned(column.text(fields), column.tone?.(fields)))),
  );
}

interface ConditionColumn {
  readonly title: string;
  text(fields: Readonly<Record<string, unknown>>): string;
  tone?(fields: Readonly<Record<string, unknown>>): Tone | undefined;
}

function sinceText(timestamp: unknown, now: number): string {
  return asString(timestamp) === "" ? "" : ageOf(asString(timestamp), now);
}

/** The events table at the end of a description, oldest first, as kubectl sorts it. */
export function writeEvents(document: DescribeDocument, input: DescribeInput): void {
  if (input.events.length === 0) {
    document.field(0, "Events", input.eventsNote ?? "<none>");
    return;
  }
  const sorted = input.events
    .map((event) => ({ event, summary: eventSummary(event) }))
    .sort((left, right) => Date.parse(left.summary.lastSeen) - Date.parse(right.summary.lastSeen));
  document.heading(0, "Events");
  document.table(
    1,
    ["Type", "Reason", "Age", "From", "Message"],
    sorted.map(({ event, summary }) => {
      const last = ageOf(summary.lastSeen, input.now);
      const age = summary.count > 1 ? `${last} (x${summary.count} over ${ageOf(summary.firstSeen, input.now)})` : last;
      const type = asString(event["type"]);
      return [
        toned(type, type === "Warning" ? "warning" : undefined),
        asString(event["reason"]),
        age,
        asString(at(event, "source", "component")) || asString(event["reportingComponent"]),
        asString(event["message"])
          .trim()
          .replaceAll(/\s*\n\s*/g, " "),
      ];
    }),
  );
}

/** When it was made, where a server says so. */
export function writeCreation(document: DescribeDocument, { object, now }: DescribeInput): void {
  const { creationTimestamp } = object.metadata;
  if (creationTimestamp !== undefined) document.field(0, "CreationTimestamp", timeText(creationTimestamp, now));
}

/** A field that is left out where it has no value. */
export function optionalField(document: DescribeDocument, level: number, label: string, value: unknown): void {
  if (value === undefined || value === null || value === "") return;
  document.field(level, label, scalarText(value));
}

export function writeFinalizers(document: DescribeDocument, object: KubeObject): void {
  const finalizers = asArray(object.metadata.finalizers).map((each) => asString(each));
  if (finalizers.length > 0) document.list(0, "Finalizers", finalizers);
}
