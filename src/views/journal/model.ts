import type { JournalEntry } from "../../cluster/cluster.ts";
import { cleanForEdit } from "../../cluster/edit.ts";
import { groupResource } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { maskedObject } from "../../lib/kube/secret-values.ts";
import { DIFF_TONES, diffLines, diffText } from "../../lib/line-diff.ts";
import { sanitize } from "../../lib/text.ts";
import { toYaml } from "../../lib/yaml.ts";
import type { StyledLine } from "../../ui/styled-line.ts";
import type { ListColumn, ListRow } from "../list-view.tsx";

export const JOURNAL_COLUMNS: readonly ListColumn[] = [
  { title: "TIME (UTC)", keep: 8, minWidth: 19 },
  { title: "CONTEXT", keep: 5 },
  { title: "VERB", keep: 9 },
  { title: "OBJECT", keep: 10, minWidth: 24 },
  { title: "RESULT", keep: 7 },
  { title: "MESSAGE", keep: 6, minWidth: 10 },
];

/** Ids of the entries that were undone since. */
export function undoneEntries(entries: readonly JournalEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ undoes, result }) => (undoes !== undefined && result === "ok" ? [undoes] : [])));
}

/** `pods default/web-1`, `deployments.apps default/web/scale` is its scale. */
export function entryObject({ target }: JournalEntry): string {
  const path = target.namespace === "" ? target.name : `${target.namespace}/${target.name}`;
  return `${groupResource(target)} ${path}`;
}

export function entryTime({ at }: JournalEntry): string {
  return new Date(at).toISOString().replace("T", " ").slice(0, 19);
}

export function journalRow(entry: JournalEntry, undone: ReadonlySet<string>): ListRow {
  const { id, context, verb, result, message = "" } = entry;
  return {
    key: id,
    cells: [
      { text: entryTime(entry) },
      { text: context },
      { text: verb },
      { text: entryObject(entry) },
      undone.has(id) ? { text: "undone", tone: "muted" } : { text: result, tone: result === "ok" ? "ok" : "error" },
      { text: message },
    ],
  };
}

/** One entry: what was done and the object before and after. @param note what is to be said of undoing it */
export function entryLines(entry: JournalEntry, note: string | undefined): readonly StyledLine[] {
  const { before, after, context, verb, target, result, message } = entry;
  const fact = (label: string, value: string): readonly StyledLine[] =>
    value === ""
      ? []
      : [{ text: sanitize(`${label.padEnd(9)}${value}`), spans: [{ start: 0, end: 9, tone: "muted" }] }];
  const lines: StyledLine[] = [
    ...fact("time", `${entryTime(entry)} UTC`),
    ...fact("context", context),
    ...fact("verb", verb),
    ...fact("object", entryObject(entry)),
    ...fact("uid", target.uid ?? ""),
    ...fact("result", result === "ok" ? "ok" : `failed: ${message ?? ""}`),
    ...fact("undo", note ?? ""),
    { text: "" },
  ];
  if (result === "failed" || entry.operation === "session") return lines;
  if (before === undefined && entry.operation !== "create") {
    return [
      ...lines,
      { text: "The state before it could not be read.", spans: [{ start: 0, end: 100, tone: "muted" }] },
    ];
  }
  if (after === undefined && entry.operation === "update") {
    return [
      ...lines,
      { text: "The server did not tell the state after it.", spans: [{ start: 0, end: 100, tone: "muted" }] },
    ];
  }
  const diff = diffLines(yamlOf(before, before), yamlOf(after, before));
  if (diff.length === 0) return [...lines, { text: "It changed nothing." }];
  return [
    ...lines,
    ...diff.map((line): StyledLine => {
      const text = sanitize(diffText(line));
      const tone = DIFF_TONES[line.kind];
      return tone === undefined ? { text } : { text, spans: [{ start: 0, end: text.length, tone }] };
    }),
  ];
}

function yamlOf(object: KubeObject | undefined, before: KubeObject | undefined): string {
  if (object === undefined) return "";
  // A Secret read from the file is masked already: sizes of the masks would say nothing.
  return toYaml(cleanForEdit(maskedOnce(object, before)));
}

function maskedOnce(object: KubeObject, before: KubeObject | undefined): KubeObject {
  const values = Object.values(object["data"] ?? {});
  return values.length > 0 && values.every((value) => typeof value === "string" && value.startsWith("<masked"))
    ? object
    : maskedObject(object, before);
}
