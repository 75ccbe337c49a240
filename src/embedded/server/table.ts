import type { KubeObject } from "../../lib/kube/object.ts";
import { genericColumns } from "../machinery/printer-columns.ts";
import type { PrinterColumn, ServedResource } from "../machinery/served-resource.ts";

/** What a row carries besides its cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  readonly version: "v1" | "v1beta1";
  readonly include: IncludeObject;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** What a table needs of an object: the parsed one for its cells, the text for `includeObject=Object`. */
export interface TableItem {
  readonly object: KubeObject;
  readonly json: string;
}

/** A `meta.k8s.io` Table as JSON text. `withColumns` is false for all but the first event of a watch. */
export function tableJson(
  resource: ServedResource,
  items: readonly TableItem[],
  listMetadata: string,
  options: TableOptions,
  withColumns = true,
): string {
  const columns = columnsOf(resource);
  const rows = items.map((item) => rowJson(resource, columns, item, options));
  const definitions = withColumns ? columnDefinitions(columns) : "null";
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${options.version}","metadata":${listMetadata},"columnDefinitions":${definitions},"rows":[${rows.join(",")}]}`;
}

/** The Table bookmark of a watch: one row that carries the bookmark object. */
export function tableBookmarkJson(version: string, listMetadata: string, bookmark: string): string {
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${listMetadata},"columnDefinitions":null,"rows":[{"cells":[],"object":${bookmark}}]}`;
}

/** A `PartialObjectMetadata` as JSON text. */
export function partialMetadataJson(object: KubeObject, version: string): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(object.metadata)}}`;
}

function columnsOf(resource: ServedResource): readonly PrinterColumn[] {
  return resource.columns.length === 0 ? genericColumns : resource.columns;
}

const definitions = new WeakMap<readonly PrinterColumn[], string>();

function columnDefinitions(columns: readonly PrinterColumn[]): string {
  let text = definitions.get(columns);
  if (text === undefined) {
    text = JSON.stringify(
      columns.map(({ name, type, format, description, priority }) => ({ name, type, format, description, priority })),
    );
    definitions.set(columns, text);
  }
  return text;
}

function rowJson(
  resource: ServedResource,
  columns: readonly PrinterColumn[],
  { object, json }: TableItem,
  options: TableOptions,
): string {
  const cells = JSON.stringify(columns.map((column) => column.cell(object, options.now)));
  const conditions = resource.rowConditions?.(object) ?? [];
  const extra = conditions.length === 0 ? "" : `,"conditions":${JSON.stringify(conditions)}`;
  const carried =
    options.include === "None"
      ? "null"
      : options.include === "Object"
        ? json
        : partialMetadataJson(object, options.version);
  return `{"cells":${cells}${extra},"object":${carried}}`;
}
