import { humanDuration } from "../../lib/age.ts";
import { releaseKey, releaseTone, type StoredRelease } from "../../resources/helm/stored-release.ts";
import type { ListCell, ListColumn, ListRow } from "../list-view.tsx";
import type { ReadSummary } from "./release-records.ts";

const STATUS: ListColumn = { title: "STATUS", keep: 8 };
const CHART: ListColumn = { title: "CHART", keep: 7, minWidth: 10 };
const APP_VERSION: ListColumn = { title: "APP VERSION", keep: 4 };
const UPDATED: ListColumn = { title: "UPDATED", keep: 6 };
const REVISION: ListColumn = { title: "REVISION", align: "right", keep: 8 };

/** NAMESPACE stands second: the name is what one looks for. */
export function releaseColumns(allNamespaces: boolean): readonly ListColumn[] {
  const namespace: readonly ListColumn[] = allNamespaces ? [{ title: "NAMESPACE", keep: 9 }] : [];
  return [{ title: "NAME", minWidth: 8 }, ...namespace, REVISION, STATUS, CHART, APP_VERSION, UPDATED];
}

export const HISTORY_COLUMNS: readonly ListColumn[] = [
  REVISION,
  STATUS,
  CHART,
  APP_VERSION,
  UPDATED,
  { title: "DESCRIPTION", keep: 5, minWidth: 12 },
];

export function releaseRow(
  stored: StoredRelease,
  summary: ReadSummary | undefined,
  options: { readonly allNamespaces: boolean; readonly now: number },
): ListRow {
  return {
    key: releaseKey(stored),
    cells: [
      { text: stored.name, tone: releaseTone(stored.status) },
      ...(options.allNamespaces ? [{ text: stored.namespace }] : []),
      ...revisionCells(stored, summary, options.now),
    ],
  };
}

export function revisionKey({ revision }: StoredRelease): string {
  return String(revision);
}

export function historyRow(
  stored: StoredRelease,
  summary: ReadSummary | undefined,
  options: { readonly marked: boolean; readonly now: number },
): ListRow {
  const description =
    summary === undefined ? { text: "…" } : "fault" in summary ? { text: "" } : { text: summary.description };
  return {
    key: revisionKey(stored),
    marked: options.marked,
    cells: [...revisionCells(stored, summary, options.now), description],
  };
}

/** REVISION STATUS CHART, APP VERSION, UPDATED; what is still being read is `…`. */
function revisionCells(stored: StoredRelease, summary: ReadSummary | undefined, now: number): readonly ListCell[] {
  const status: ListCell = { text: stored.status, tone: releaseTone(stored.status) };
  const revision: ListCell = { text: String(stored.revision) };
  if (summary === undefined) {
    const updated = stored.writtenAt === 0 ? "…" : humanDuration(now - stored.writtenAt);
    return [revision, status, { text: "…", tone: "muted" }, { text: "…", tone: "muted" }, { text: updated }];
  }
  if ("fault" in summary) {
    return [revision, status, { text: summary.fault, tone: "error" }, { text: "" }, { text: "" }];
  }
  const updated = Number.isNaN(summary.updated) ? "" : humanDuration(now - summary.updated);
  return [revision, status, { text: summary.chart }, { text: summary.appVersion }, { text: updated }];
}
