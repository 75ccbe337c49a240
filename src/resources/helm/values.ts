import { isRecord } from "../../lib/kube/object.ts";
import { sortedEntries } from "../sorted-entries.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * All values a chart is rendered with: the user's laid over the chart's own. Maps are merged, lists and all else are
 * replaced, and a `null` of the user takes the chart's value away; by name, as helm prints them (helm/pkg/chartutil/coalesce.go).
 */
export function mergedValues(given: Values, defaults: Values): Values {
  const merged: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(defaults)) {
    const own = given[key];
    if (!(key in given)) {
      if (value !== null) merged[key] = value;
    } else if (isRecord(own) && isRecord(value)) merged[key] = mergedValues(own, value);
  }
  for (const [key, value] of Object.entries(given)) {
    if (value !== null && !(key in merged)) merged[key] = value;
  }
  return Object.fromEntries(sortedEntries(merged));
}
