import type { ListState, UsageSample } from "../../cluster/cluster.ts";
import type { Palette } from "../../config/theme.ts";
import type { Gvr } from "../../lib/kube/gvr.ts";
import { fit } from "../../lib/text.ts";
import type { Tone } from "../../lib/tone.ts";
import { brailleChart } from "../../ui/braille-chart.ts";
import type { ListCell, ListColumn, ListRow } from "../list-view.tsx";
import type { HealthCounts } from "./kind-health.ts";

const gvr = (group: string, version: string, resource: string): Gvr => ({ group, version, resource });

/** The kinds whose health is told, what runs first. Those the server does not serve are left out. */
export const PULSE_KINDS: readonly Gvr[] = [
  gvr("", "v1", "nodes"),
  gvr("apps", "v1", "deployments"),
  gvr("apps", "v1", "statefulsets"),
  gvr("apps", "v1", "daemonsets"),
  gvr("batch", "v1", "cronjobs"),
  gvr("batch", "v1", "jobs"),
  gvr("", "v1", "pods"),
  gvr("", "v1", "services"),
  gvr("networking.k8s.io", "v1", "ingresses"),
  gvr("gateway.networking.k8s.io", "v1", "gateways"),
  gvr("gateway.networking.k8s.io", "v1", "httproutes"),
  gvr("autoscaling", "v2", "horizontalpodautoscalers"),
  gvr("policy", "v1", "poddisruptionbudgets"),
  gvr("", "v1", "resourcequotas"),
  gvr("", "v1", "persistentvolumeclaims"),
  gvr("", "v1", "persistentvolumes"),
  gvr("apiregistration.k8s.io", "v1", "apiservices"),
];

export const PULSE_COLUMNS: readonly ListColumn[] = [
  { title: "KIND", minWidth: 14 },
  { title: "ERROR", align: "right", keep: 9 },
  { title: "WARNING", align: "right", keep: 9 },
  { title: "BUSY", align: "right", keep: 7 },
  { title: "OK", align: "right", keep: 8 },
  { title: "OFF", align: "right", keep: 5 },
  { title: "TOTAL", align: "right", keep: 6 },
  { title: "STATE", keep: 4, minWidth: 8 },
];

/** The row of a kind: its counts, or why there are none. */
export function pulseRow(key: string, resource: string, counts: HealthCounts, status: ListState): ListRow {
  const without: ListCell = { text: status.state === "loading" ? "…" : "n/a", tone: "muted" };
  const known = status.state === "live" || status.state === "stale";
  const cell = (count: number, tone: Tone): ListCell =>
    known ? { text: String(count), tone: count === 0 ? "muted" : tone } : without;
  return {
    key,
    cells: [
      { text: resource, tone: known ? worst(counts) : "muted" },
      cell(counts.error, "error"),
      cell(counts.warning, "warning"),
      cell(counts.progress, "progress"),
      cell(counts.ok, "ok"),
      cell(counts.off, "muted"),
      cell(counts.total, "muted"),
      stateCell(status),
    ],
  };
}

function worst(counts: HealthCounts): Tone {
  if (counts.error > 0) return "error";
  if (counts.warning > 0) return "warning";
  if (counts.progress > 0) return "progress";
  return counts.total === 0 ? "muted" : "ok";
}

function stateCell(status: ListState): ListCell {
  if (status.state === "loading") return { text: `loading, ${status.loaded} so far`, tone: "progress" };
  if (status.state === "stale") return { text: `stale: ${status.error.message}`, tone: "warning" };
  if (status.state === "denied") return { text: status.error.message, tone: "muted" };
  return { text: "" };
}

/** What a chart shows of the samples. */
export interface ChartPart {
  readonly title: string;
  /** The value now, in words: `1.8 of 8 cores, 23%`. */
  readonly now: string;
  readonly values: ReadonlyArray<number | undefined>;
  /** The value at the upper edge. */
  readonly most: number;
}

/** Milliseconds between two dots: as often as metrics are read. */
const STEP = 12_000;

/** Samples at equal distances up to now; a time without one is a gap. */
export function evenly(
  samples: readonly UsageSample[],
  now: number,
  count: number,
  valueOf: (sample: UsageSample) => number,
): ReadonlyArray<number | undefined> {
  const values = Array.from<number | undefined>({ length: count });
  for (const sample of samples) {
    const back = Math.round((now - sample.at) / STEP);
    if (back >= 0 && back < count) values[count - 1 - back] = valueOf(sample);
  }
  // One reading late or early is no gap.
  return values.map((value, index) => value ?? (index > 0 ? (values[index - 1] ?? values[index - 2]) : undefined));
}

/** Charts side by side with a title each, as lines of exactly `columns` cells. */
export function chartLines(
  parts: readonly ChartPart[],
  size: { readonly columns: number; readonly rows: number },
  palette: Palette,
): readonly string[] {
  const gap = 3;
  const width = Math.floor((size.columns - 1 - gap * (parts.length - 1)) / Math.max(1, parts.length));
  if (width < 8 || size.rows < 1) return [];
  const between = " ".repeat(gap);
  const titles = parts.map(({ title, now }) => {
    const head = fit(title, Math.min(width, title.length + 1));
    return palette.paint(head, "heading") + palette.paint(fit(now, width - head.length), "muted");
  });
  const charts = parts.map(({ values, most }) => brailleChart(values, { columns: width, rows: size.rows, most }));
  const tones = parts.map(({ values, most }): Tone => {
    const share = (values.findLast((value) => value !== undefined) ?? 0) / most;
    return share >= 0.95 ? "error" : share >= 0.8 ? "warning" : "ok";
  });
  const lines = Array.from({ length: size.rows }, (_, row) =>
    charts.map((chart, index) => palette.paint(chart[row] ?? "", tones[index] ?? "ok")).join(between),
  );
  return [titles.join(between), ...lines].map((line) => ` ${line}`);
}

/** Columns of dots that a chart of so many beside each other has. */
export function chartDots(columns: number, parts: number): number {
  return Math.max(0, Math.floor((columns - 1 - 3 * (parts - 1)) / parts)) * 2;
}
