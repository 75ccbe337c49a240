import { ageOf } from "../../lib/age.ts";
import { asRecord, asString, at } from "../../lib/kube/object.ts";
import { parseApiVersion } from "../../lib/kube/gvr.ts";
import { ageKey, numberColumn, textColumn } from "../columns.ts";
import { eventSummary } from "../event-summary.ts";
import { defineKind } from "../kind.ts";
import { pluralOf } from "../plural.ts";

export const events = defineKind({
  gvr: { group: "", version: "v1", resource: "events" },
  kind: "Event",
  aliases: ["ev"],
  namespaced: true,
  can: ["describe", "yaml", "delete"],
  // Its key is an age: the newest come first.
  defaultSort: { column: "last-seen", descending: false },
  columns: [
    {
      id: "last-seen",
      title: "LAST SEEN",
      clock: true,
      keep: 9,
      text: (event, { now }) => ageOf(eventSummary(event).lastSeen, now),
      sortKey: (event, { now }) => ageKey(eventSummary(event).lastSeen, now),
    },
    // The colour says it too.
    textColumn("TYPE", (event) => asString(event["type"]), {
      keep: 6,
      tone: (event) => (event["type"] === "Warning" ? "warning" : undefined),
    }),
    textColumn("REASON", (event) => asString(event["reason"]), { keep: 8 }),
    textColumn("OBJECT", (event) => eventSummary(event).object, { keep: 9, minWidth: 12 }),
    numberColumn("COUNT", (event) => eventSummary(event).count, { keep: 4 }),
    textColumn(
      "MESSAGE",
      (event) =>
        asString(event["message"])
          .trim()
          .replaceAll(/\s*\n\s*/g, " "),
      {
        keep: 9,
        minWidth: 30,
      },
    ),
    textColumn("SUBOBJECT", (event) => asString(at(event, "involvedObject", "fieldPath")), { wide: true }),
    textColumn("SOURCE", (event) => eventSummary(event).source, { wide: true }),
    {
      id: "first-seen",
      title: "FIRST SEEN",
      clock: true,
      wide: true,
      text: (event, { now }) => ageOf(eventSummary(event).firstSeen, now),
      sortKey: (event, { now }) => ageKey(eventSummary(event).firstSeen, now),
    },
    textColumn("NAME", (event) => event.metadata.name ?? "", { wide: true }),
  ],
  tone: (event) => (event["type"] === "Warning" ? "warning" : "ok"),
  drillDown: (event) => {
    const object = asRecord(event["involvedObject"]);
    const kind = asString(object["kind"]);
    const name = asString(object["name"]);
    if (kind === "" || name === "") return undefined;
    const { group } = parseApiVersion(asString(object["apiVersion"], "v1"));
    return { to: "object", resource: pluralOf(kind), group, namespace: asString(object["namespace"]), name };
  },
});
