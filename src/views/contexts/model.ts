import type { ContextInfo, Protection, Reachability } from "../../cluster/cluster.ts";
import type { Tone } from "../../lib/tone.ts";
import type { ListCell, ListColumn, ListRow } from "../list-view.tsx";

const ALWAYS: readonly ListColumn[] = [
  { title: "" },
  { title: "NAME", keep: 10, minWidth: 20 },
  { title: "REACHABLE", keep: 9, minWidth: 22 },
  { title: "NAMESPACE", keep: 6 },
  { title: "VERSION", keep: 4 },
  { title: "CLUSTER", keep: 5, minWidth: 10 },
  { title: "USER", keep: 3, minWidth: 10 },
  { title: "SERVER", keep: 7, minWidth: 24 },
];

/** PROTECTION stands only where some context is protected. */
export function contextColumns(withProtection: boolean): readonly ListColumn[] {
  if (!withProtection) return ALWAYS;
  return [...ALWAYS.slice(0, 3), { title: "PROTECTION", keep: 8 }, ...ALWAYS.slice(3)];
}

const PROTECTION_TONES: Readonly<Record<Protection, Tone>> = {
  open: "muted",
  confirm: "warning",
  "type-name": "error",
  "read-only": "accent",
};

/** What is known of a context's server; `asking` before the first answer. */
export type Reach = Reachability | { readonly state: "asking" };

export function contextRow(
  context: ContextInfo,
  known: { readonly inUse: boolean; readonly protection: Protection; readonly reach: Reach | undefined },
  withProtection: boolean,
): ListRow {
  const tone = known.inUse ? ("accent" as const) : undefined;
  const { reach, protection } = known;
  return {
    key: context.name,
    cells: [
      { text: known.inUse ? "*" : context.current ? "." : "", tone },
      { text: context.name, tone },
      reachCell(reach),
      ...(withProtection ? [{ text: protection, tone: PROTECTION_TONES[protection] }] : []),
      { text: context.namespace },
      { text: reach?.state === "yes" ? reach.serverVersion : "" },
      { text: context.cluster },
      { text: context.user },
      { text: context.server, tone: "muted" },
    ],
  };
}

function reachCell(reach: Reach | undefined): ListCell {
  switch (reach?.state) {
    case "yes":
      return { text: reach.milliseconds === undefined ? "yes" : `yes, ${reach.milliseconds} ms`, tone: "ok" };
    case "login":
      return { text: `needs a login: ${reach.reason}`, tone: "warning" };
    case "no":
      return { text: `no: ${reach.reason}`, tone: "error" };
    default:
      return { text: "…", tone: "muted" };
  }
}
