import type { MetricsSnapshot } from "../../cluster/cluster.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { formatMebibytes, formatMillicores } from "../../lib/quantity.ts";
import type { Tone } from "../../lib/tone.ts";
import { podContainers, type PodContainer } from "../../resources/pod-containers.ts";
import { containerAmount } from "../../resources/pod-resources.ts";
import type { ListCell, ListColumn, ListRow } from "../list-view.tsx";

const BEFORE: readonly ListColumn[] = [
  { title: "NAME", minWidth: 8 },
  { title: "TYPE", keep: 6 },
  { title: "IMAGE", keep: 6, minWidth: 12 },
  { title: "READY", keep: 8 },
  { title: "STATE", keep: 9, minWidth: 17 },
  { title: "RESTARTS", keep: 7 },
  { title: "PROBES", keep: 4 },
];
const USAGE: readonly ListColumn[] = ["CPU", "MEM", "%CPU/R", "%CPU/L", "%MEM/R", "%MEM/L"].map((title) => ({
  title,
  align: "right",
  keep: title.startsWith("%") ? 3 : 5,
}));
const AFTER: readonly ListColumn[] = [
  { title: "PORTS", keep: 5 },
  { title: "AGE", keep: 6 },
];

/** The table of a pod's containers; use is shown where there is a metrics API. */
export function containerTable(
  pod: KubeObject,
  metrics: MetricsSnapshot,
  now: number,
): { readonly columns: readonly ListColumn[]; readonly rows: readonly ListRow[] } {
  const measured = metrics.state === "available";
  const rows = podContainers(pod, now).map((container): ListRow => ({
    key: container.name,
    cells: [
      { text: container.name },
      { text: container.type, tone: container.type === "container" ? undefined : "muted" },
      { text: container.image },
      { text: String(container.ready) },
      { text: container.state, tone: container.tone },
      { text: container.restartsText, tone: container.restarts > 0 ? "warning" : undefined },
      { text: container.probes },
      ...(measured ? usageCells(container, metrics.containers.get(`${objectPath(pod)}/${container.name}`)) : []),
      { text: container.ports },
      { text: container.age },
    ],
  }));
  return { columns: [...BEFORE, ...(measured ? USAGE : []), ...AFTER], rows };
}

function usageCells(
  container: PodContainer,
  usage: { readonly cpu: number; readonly memory: number } | undefined,
): readonly ListCell[] {
  const share = (part: "requests" | "limits", resource: "cpu" | "memory"): ListCell => {
    const whole = containerAmount(container.spec, part, resource);
    if (whole === undefined || whole === 0) return { text: "-", tone: "muted" };
    if (usage === undefined) return { text: "n/a", tone: "muted" };
    const percent = Math.round((usage[resource] / whole) * 100);
    return { text: String(percent), tone: shareTone(percent) };
  };
  const missing: ListCell = { text: "n/a", tone: "muted" };
  return [
    usage === undefined ? missing : { text: formatMillicores(usage.cpu) },
    usage === undefined ? missing : { text: formatMebibytes(usage.memory) },
    share("requests", "cpu"),
    share("limits", "cpu"),
    share("requests", "memory"),
    share("limits", "memory"),
  ];
}

function shareTone(percent: number): Tone | undefined {
  if (percent < 80) return undefined;
  return percent < 95 ? "warning" : "error";
}
