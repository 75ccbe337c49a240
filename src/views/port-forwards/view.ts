import type { PortForward } from "../../cluster/cluster.ts";
import { Disposer } from "../../lib/disposer.ts";
import { createValue } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "POD", minWidth: 12 },
  { title: "NAMESPACE", keep: 6 },
  { title: "LOCAL", keep: 9 },
  { title: "PORT", align: "right", keep: 8 },
  { title: "STATE", keep: 8 },
  { title: "CONNECTIONS", align: "right", keep: 4 },
  { title: "TRAFFIC", align: "right", keep: 5 },
  { title: "ERROR", keep: 7, minWidth: 10 },
];

const TONES: Readonly<Record<PortForward["state"], Tone>> = { listening: "ok", failed: "error", stopped: "muted" };

/** The port-forwards of this session, in the open cluster. */
class PortForwardsView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #freshness = createValue<Freshness>({ state: "static" });
  #shown: Disposer | undefined;

  constructor(host: ViewHost) {
    this.#host = host;
    const { portForwards } = host.cluster;
    const find = (key: string | undefined): PortForward | undefined =>
      portForwards.get().find((forward) => forward.id === key);
    this.view = new ListView({
      id: "port-forwards",
      scopes: ["port-forwards"],
      what: "port-forwards",
      where: host.cluster.context.name,
      freshness: this.#freshness,
      empty: () => "no port-forwards: Shift-F on a pod, a container or a service opens one",
      selection: () => ({ targets: [], cursor: undefined, kind: undefined, container: undefined }),
      disabledReason: (name, key) =>
        name.startsWith("port-forward.") && find(key) === undefined ? "nothing is selected" : undefined,
      command: (name, key) => {
        const forward = find(key);
        if (forward === undefined) return false;
        if (name === "port-forward.stop") {
          portForwards.stop(forward.id);
          host.app.flash("info", `127.0.0.1:${forward.localPort} is closed`);
          return true;
        }
        if (name !== "port-forward.copy") return false;
        void host.app.operations.copy(`http://127.0.0.1:${forward.localPort}`, "the address");
        return true;
      },
      show: () => {
        const shown = new Disposer();
        this.#shown = shown;
        shown.add(portForwards.subscribe(() => this.#refresh()));
        this.#refresh();
      },
      hide: () => {
        this.#shown?.dispose();
        this.#shown = undefined;
      },
    });
  }

  #refresh(): void {
    this.view.setRows(COLUMNS, this.#host.cluster.portForwards.get().map(forwardRow));
  }
}

function forwardRow(forward: PortForward): ListRow {
  return {
    key: forward.id,
    cells: [
      { text: forward.pod },
      { text: forward.namespace },
      { text: `127.0.0.1:${forward.localPort}` },
      { text: String(forward.remotePort) },
      { text: forward.state, tone: TONES[forward.state] },
      { text: String(forward.connections) },
      { text: trafficText(forward.bytes) },
      { text: forward.error ?? "", tone: "error" },
    ],
  };
}

/** `512 B`, `1.4 KiB`, `3.0 MiB`. */
export function trafficText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

export const portForwardsView: ViewDefinition = {
  id: "port-forwards",
  create(host): View {
    return new PortForwardsView(host).view;
  },
};
