import type { TableState } from "../../state/table/table-state.ts";
import type { ViewTitle } from "../view.ts";
import type { TableParameters } from "./parameters.ts";

/** The title line of a table. @param more what else is to be said at its right side */
export function tableTitle(
  { resource, labelSelector, fieldSelector }: TableParameters,
  namespace: string,
  { count, total, filter, fault, faultsOnly, marks }: TableState,
  more: readonly string[],
): ViewTitle {
  // The name beside a uid tells more to who reads it.
  const fields =
    fieldSelector
      ?.split(",")
      .filter((field) => !/uid=/.test(field))
      .join(",") || fieldSelector;
  const where = [
    ...(resource.namespaced ? [namespace === "" ? "all" : namespace] : []),
    ...(labelSelector === undefined ? [] : [labelSelector]),
    ...(fields === undefined ? [] : [fields]),
  ].join(" ");
  return {
    what: resource.resource,
    count: count === total ? String(total) : `${count}/${total}`,
    notes: [...(marks > 0 ? [`${marks} marked`] : []), ...(faultsOnly ? ["faults only"] : []), ...more],
    ...(where === "" ? {} : { where }),
    ...(filter === "" ? {} : { filter: `/${filter}` }),
    ...(fault === undefined ? {} : { fault }),
  };
}
