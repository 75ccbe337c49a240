import type { Palette } from "../../config/theme.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { namespacesOf, namespacesText } from "../../lib/kube/namespaces.ts";
import { sanitize, truncate, wrapWords } from "../../lib/text.ts";
import type { Tone } from "../../lib/tone.ts";
import type { TableState } from "../../state/table/table-state.ts";
import type { Freshness } from "../view.ts";

export interface EmptyTable {
  readonly resource: ApiResource;
  /** `""` is all namespaces. */
  readonly namespace: string;
  /** Those of them that do not exist, as `namespace`. */
  readonly absent: string;
  readonly freshness: Freshness;
  readonly table: TableState;
}

/** What a table without rows says in their place: why there are none, and the way on. */
export function emptyLines(empty: EmptyTable, columns: number, palette: Palette): readonly string[] {
  const { resource, namespace, freshness } = empty;
  const { filter, faultsOnly, total } = empty.table;
  const say = (text: string, tone: Tone): string => palette.paint(truncate(` ${sanitize(text)}`, columns), tone);
  const whole = (text: string, tone: Tone): readonly string[] =>
    wrapWords(sanitize(text), columns - 2).map((line) => say(line, tone));
  if (freshness.state === "denied") {
    const one = resource.namespaced && namespace === "";
    return [
      ...whole(freshness.reason, "error"),
      ...(one ? [say(`1-9 or :${resource.resource} <namespace> shows one namespace.`, "muted")] : []),
    ];
  }
  if (freshness.state === "stale") {
    const { reason, hint = "" } = freshness;
    return [...whole(`No data: ${reason}`, "warning"), ...whole(hint, "muted")];
  }
  if (freshness.state === "loading") {
    return [
      say(`Loading ${resource.resource}${freshness.loaded > 0 ? `, ${freshness.loaded} so far` : ""} …`, "progress"),
    ];
  }
  if (total > 0 && (filter !== "" || faultsOnly)) {
    // Esc takes the filter first: with both it does not show them all.
    const both = faultsOnly && filter !== "";
    const what = faultsOnly ? `has a fault${both ? ` and matches /${filter}` : "."}` : `matches /${filter}`;
    const way = both ? "Esc takes the filter away, Ctrl-Z shows those without a fault." : "Esc shows them all.";
    return [say(`None of ${total} ${what}`, "muted"), say(way, "muted")];
  }
  if (freshness.state === "live" && freshness.without !== undefined) {
    return [
      say(`There are no ${resource.resource} where they may be listed.`, "muted"),
      ...whole(`Without ${freshness.without}`, "error"),
    ];
  }
  if (empty.absent !== "") {
    const one = namespacesOf(empty.absent).length === 1;
    const text = `${namespacesText(empty.absent)} ${one ? "does" : "do"} not exist.`;
    return [say(`T${text.slice(1)}`, "warning"), say(":ns lists those there are, 0 shows all of them.", "muted")];
  }
  const inOne = resource.namespaced && namespace !== "";
  const where = inOne ? ` in ${namespacesText(namespace)}` : "";
  const hint = inOne ? [say("0 shows all namespaces.", "muted")] : [];
  return [say(`There are no ${resource.resource}${where}.`, "muted"), ...hint];
}
