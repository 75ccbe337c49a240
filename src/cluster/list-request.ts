import { apiPath, groupResource, type Gvr } from "../lib/kube/gvr.ts";
import { at, asString, type KubeObject } from "../lib/kube/object.ts";
import type { TableColumnDefinition } from "../lib/kube/table.ts";
import type { RequestSubject } from "./api-error.ts";
import { isApiError } from "./api-error.ts";
import type { ListQuery, ResourceRow } from "./cluster.ts";
import { connectionErrorFrom, ConnectionError } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import { ListParser } from "./list-parser.ts";
import { PLAIN_COLUMNS, readColumns, rowOfObject, rowOfTable, withPlainCells } from "./row-reader.ts";
import { TimeSlice } from "./time-slice.ts";

/** What the server is asked to print Tables with; servers that cannot answer with objects. */
export const TABLE_ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

const PAGE_SIZE = 500;

export function subjectOf(query: { readonly resource: Gvr; readonly namespace: string }, verb: string): RequestSubject {
  return { verb, resource: groupResource(query.resource), namespace: query.namespace };
}

/** The path of a list or watch of what a query selects. */
export function queryPath(
  query: Pick<ListQuery, "namespace" | "labelSelector" | "fieldSelector" | "form"> & { readonly resource: Gvr },
  parameters: Readonly<Record<string, string>>,
): string {
  const all = new URLSearchParams(parameters);
  if (query.labelSelector !== undefined && query.labelSelector !== "") all.set("labelSelector", query.labelSelector);
  if (query.fieldSelector !== undefined && query.fieldSelector !== "") all.set("fieldSelector", query.fieldSelector);
  if (query.form === "table") all.set("includeObject", "Object");
  const text = all.toString();
  return `${apiPath(query.resource, { namespace: query.namespace })}${text === "" ? "" : `?${text}`}`;
}

/** Hears of rows while pages arrive. */
export interface ListListener {
  row(row: ResourceRow): void;
  columns(columns: readonly TableColumnDefinition[]): void;
  /** The list begins anew: what came so far may be gone. */
  restarted(): void;
}

/**
 * Lists everything a query selects, in pages, without holding the event loop.
 * @returns the resource version to watch from, `""` where the server gives none
 */
export async function listPages(
  client: HttpClient,
  query: ListQuery,
  listener: ListListener,
  signal: AbortSignal,
): Promise<string> {
  let next = "";
  let paged = true;
  for (;;) {
    const parameters: Record<string, string> = paged ? { limit: String(PAGE_SIZE) } : {};
    if (next !== "") parameters["continue"] = next;
    let envelope: Readonly<Record<string, unknown>>;
    try {
      envelope = await listPage(client, query, parameters, listener, signal);
    } catch (error) {
      // The snapshot that the pages came from is gone: all at once then, as client-go's pager does.
      if (!isApiError(error, 410) || next === "") throw error;
      next = "";
      paged = false;
      listener.restarted();
      continue;
    }
    next = asString(at(envelope, "metadata", "continue"));
    if (next === "") return asString(at(envelope, "metadata", "resourceVersion"));
  }
}

async function listPage(
  client: HttpClient,
  query: ListQuery,
  parameters: Readonly<Record<string, string>>,
  listener: ListListener,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { resource } = query;
  const answer = await client.send({
    path: queryPath(query, parameters),
    about: subjectOf(query, "list"),
    accept: query.form === "table" ? TABLE_ACCEPT : "application/json",
    signal,
  });
  const table = query.form === "table";
  let plain = false;
  const parser = new ListParser((item) => {
    const row = table ? (rowOfTable(item, resource) ?? plainRow(item)) : rowOfObject(item, resource);
    if (row !== undefined) listener.row(row);
  });
  const plainRow = (item: unknown): ResourceRow | undefined => {
    const row = rowOfObject(item, resource);
    plain ||= row !== undefined;
    return row === undefined ? undefined : withPlainCells(row);
  };
  const slice = new TimeSlice();
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      parser.write(chunk);
      await slice.breathe();
    }
    const envelope = parser.end();
    if (table) {
      const columns = readColumns(envelope["columnDefinitions"]) ?? (plain ? PLAIN_COLUMNS : undefined);
      if (columns !== undefined) listener.columns(columns);
    }
    return envelope;
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new ConnectionError("protocol", `cannot list ${groupResource(resource)}: the answer is not whole JSON`, {
        cause: error,
      });
    }
    throw connectionErrorFrom(error, client.server);
  }
}

/** Everything a query selects as objects, without managedFields. */
export async function listObjects(
  client: HttpClient,
  query: ListQuery,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  const collect = {
    row: (row: ResourceRow) => void objects.push(row.object),
    columns() {},
    restarted: () => void objects.splice(0),
  };
  await listPages(client, query, collect, signal);
  return objects;
}
