import { byteSize } from "../../lib/byte-size.ts";
import type { PortForward } from "../../cluster/cluster.ts";
import { isPodTarget, sameTarget, targetLabel, type ForwardTarget } from "../../cluster/forward-target.ts";
import type { Tone } from "../../lib/tone.ts";
import { kinds } from "../../resources/kinds/index.gen.ts";
import type { ListColumn, ListRow } from "../list-view.tsx";
import type { SavedRow } from "../view.ts";

const STATES: Readonly<Record<PortForward["state"], readonly [text: string, tone: Tone]>> = {
  listening: ["listening", "ok"],
  waiting: ["waiting for a pod", "warning"],
  failed: ["failed", "error"],
};

/** Which columns there is something to say in. */
export interface ShownColumns {
  /** Forwards of other contexts are shown. */
  readonly contexts: boolean;
  /** Some are saved in sets. */
  readonly sets: boolean;
  /** Something waits or went wrong. */
  readonly errors: boolean;
}

export function forwardColumns({ contexts, sets, errors }: ShownColumns): readonly ListColumn[] {
  return [
    { title: "TARGET", minWidth: 10 },
    ...(contexts ? [{ title: "CONTEXT", keep: 6 }] : []),
    { title: "NAMESPACE", keep: 4 },
    { title: "POD", keep: 7, minWidth: 10 },
    { title: "LOCAL", keep: 9 },
    { title: "PORT", align: "right", keep: 8 },
    { title: "STATE", keep: 8 },
    ...(sets ? [{ title: "SET", keep: 5 }] : []),
    { title: "CONNECTIONS", align: "right", keep: 3 },
    { title: "TRAFFIC", align: "right", keep: 3 },
    ...(errors ? [{ title: "ERROR", keep: 7, minWidth: 16 }] : []),
  ];
}

export function forwardRow(forward: PortForward, { contexts, sets, errors }: ShownColumns, set: string): ListRow {
  const { target, pod, port, open, connections } = forward;
  const [state, tone] = STATES[forward.state];
  return {
    key: forward.id,
    cells: [
      { text: targetLabel(target) },
      ...(contexts ? [{ text: forward.context }] : []),
      { text: target.namespace },
      { text: forward.state === "listening" ? (pod?.name ?? "") : "" },
      { text: `127.0.0.1:${forward.localPort}` },
      { text: typeof port === "number" || pod === undefined ? String(port) : `${port} (${pod.port})` },
      { text: state, tone },
      ...(sets ? [{ text: set }] : []),
      { text: open === 0 ? String(connections) : `${open} of ${connections}` },
      { text: byteSize(forward.bytes) },
      ...(errors
        ? [{ text: forward.error ?? "", tone: forward.state === "waiting" ? ("warning" as const) : ("error" as const) }]
        : []),
    ],
  };
}

/** A saved forward that does not run. */
export function savedForwardRow(key: string, { context, set, forward, fault }: SavedRow, shown: ShownColumns): ListRow {
  const { target, namespace, port, local } = forward;
  return {
    key,
    cells: [
      { text: shortTarget(target), tone: "muted" },
      ...(shown.contexts ? [{ text: context, tone: "muted" as const }] : []),
      { text: namespace, tone: "muted" },
      { text: "" },
      { text: local === 0 ? "" : `127.0.0.1:${local}`, tone: "muted" },
      { text: String(port), tone: "muted" },
      fault === undefined ? { text: "saved", tone: "muted" } : { text: "failed", tone: "error" },
      { text: set },
      { text: "" },
      { text: "" },
      ...(shown.errors ? [{ text: fault ?? "", tone: "error" as const }] : []),
    ],
  };
}

/** `deployment/web` as running ones are written: `deploy/web`. */
function shortTarget(target: string): string {
  const slash = target.indexOf("/");
  const kind = target.slice(0, slash);
  const known = kinds.find((each) => each.kind.toLowerCase() === kind);
  const short = kind === "pod" ? kind : (known?.aliases[0] ?? kind);
  return `${short}/${target.slice(slash + 1)}`;
}

/** Whether a forward belongs to an object: it is bound to it, or goes to it now. */
export function isForwardOf(forward: PortForward, object: ForwardTarget): boolean {
  if (sameTarget(forward.target, object)) return true;
  return isPodTarget(object) && forward.target.namespace === object.namespace && forward.pod?.name === object.name;
}

/** The address for a browser; ports whose name or number says so speak TLS. */
export function forwardAddress({ localPort, port, pod }: PortForward): string {
  const secure = [port, pod?.port].some((each) => each === "https" || each === 443 || each === 8443);
  return `${secure ? "https" : "http"}://127.0.0.1:${localPort}`;
}
