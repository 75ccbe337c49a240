import { asNumber, asRecord, asString, at } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";

/** What both generations of the events API say, in one shape. Times are RFC 3339 or empty. */
export interface EventSummary {
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly count: number;
  /** `pod/web-1`. */
  readonly object: string;
  /** `kubelet, node-1`. */
  readonly source: string;
}

/** As `printEvent` of kubernetes/pkg/printers/internalversion/printers.go. */
export function eventSummary(event: KubeObject): EventSummary {
  const firstSeen =
    asString(event["firstTimestamp"]) || asString(event["eventTime"]) || asString(event.metadata.creationTimestamp);
  const series = asRecord(event["series"]);
  const inSeries = Object.keys(series).length > 0;
  const lastSeen = inSeries ? asString(series["lastObservedTime"]) : asString(event["lastTimestamp"]) || firstSeen;
  const count = inSeries ? asNumber(series["count"]) : asNumber(event["count"]);
  const name = asString(at(event, "involvedObject", "name"));
  const kind = asString(at(event, "involvedObject", "kind")).toLowerCase();
  const component = asString(at(event, "source", "component")) || asString(event["reportingComponent"]);
  const host = asString(at(event, "source", "host")) || asString(event["reportingInstance"]);
  return {
    firstSeen,
    lastSeen,
    count: count === 0 ? 1 : count,
    object: name === "" ? kind : `${kind}/${name}`,
    source: host === "" ? component : `${component}, ${host}`,
  };
}
