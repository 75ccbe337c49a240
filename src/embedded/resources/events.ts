import { ageOf } from "../../lib/age.ts";
import { asNumber, asRecord, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { column, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const events = serveResource({
  group: "",
  version: "v1",
  resource: "events",
  kind: "Event",
  namespaced: true,
  shortNames: ["ev"],
  createOnUpdate: true,
  columns: [
    column("Last Seen", lastSeen),
    column("Type", (event) => asString(event["type"])),
    column("Reason", (event) => asString(event["reason"])),
    column("Object", (event) => {
      const kind = asString(at(event, "involvedObject", "kind")).toLowerCase();
      const name = asString(at(event, "involvedObject", "name"));
      return name === "" ? kind : `${kind}/${name}`;
    }),
    wideColumn("Subobject", (event) => asString(at(event, "involvedObject", "fieldPath"))),
    wideColumn("Source", sourceText),
    column("Message", (event) => asString(event["message"]).trim()),
    wideColumn("First Seen", firstSeen),
    wideColumn("Count", (event) => asNumber(at(event, "series", "count")) || asNumber(event["count"]) || 1, "integer"),
    { ...wideColumn("Name", (event) => event.metadata.name ?? ""), format: "name" },
  ],
});

function firstSeen(event: KubeObject, now: number): string {
  return ageOf(asString(event["firstTimestamp"]) || asString(event["eventTime"]), now);
}

function lastSeen(event: KubeObject, now: number): string {
  const { series } = asRecord(event);
  if (isRecord(series)) return ageOf(asString(series["lastObservedTime"]), now);
  const last = asString(event["lastTimestamp"]);
  return last === "" ? firstSeen(event, now) : ageOf(last, now);
}

function sourceText(event: KubeObject): string {
  const component = asString(at(event, "source", "component")) || asString(event["reportingComponent"]);
  const host = asString(at(event, "source", "host")) || asString(event["reportingInstance"]);
  return host === "" ? component : `${component}, ${host}`;
}
