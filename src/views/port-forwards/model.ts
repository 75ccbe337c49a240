import { byteSize } from "../../lib/byte-size.ts";
import type { PortForward } from "../../cluster/cluster.ts";
import { isPodTarget, sameTarget, targetLabel, type ForwardTarget } from "../../cluster/forward-target.ts";
import type { Tone } from "../../lib/tone.ts";
import type { ListColumn, ListRow } from "../list-view.tsx";

const STATES: Readonly<Record<PortForward["state"], readonly [text: string, tone: Tone]>> = {
  listening: ["listening", "ok"],
  waiting: ["waiting for a pod", "warning"],
  failed: ["failed", "error"],
};

/** The columns; CONTEXT only where forwards of several contexts are shown. */
export function forwardColumns(contexts: boolean): readonly ListColumn[] {
  return [
    { title: "TARGET", minWidth: 10 },
    ...(contexts ? [{ title: "CONTEXT", keep: 6 }] : []),
    { title: "NAMESPACE", keep: 4 },
    { title: "POD", keep: 7, minWidth: 10 },
    { title: "LOCAL", keep: 9 },
    { title: "PORT", align: "right", keep: 8 },
    { title: "STATE", keep: 8 },
    { title: "CONNECTIONS", align: "right", keep: 3 },
    { title: "TRAFFIC", align: "right", keep: 3 },
    { title: "ERROR", keep: 6, minWidth: 10 },
  ];
}

export function forwardRow(forward: PortForward, contexts: boolean): ListRow {
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
      { text: open === 0 ? String(connections) : `${open} of ${connections}` },
      { text: byteSize(forward.bytes) },
      { text: forward.error ?? "", tone: forward.state === "waiting" ? "warning" : "error" },
    ],
  };
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
