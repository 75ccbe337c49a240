import type { Cluster, PortForward } from "../../cluster/cluster.ts";
import { targetLabel } from "../../cluster/forward-target.ts";
import { freePortNear, LocalPortError } from "../../cluster/local-listener.ts";
import type { Operations } from "../../hotkeys/action.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { AppServices } from "../context.ts";
import { formatPortPairs, parsePortPairs, type PortPair } from "./forward-ports.ts";
import { boundTarget, offeredPorts, type BoundTarget, type OfferedPort } from "./forward-target.ts";
import { hintOf } from "./shell.ts";

/** Asks for ports and listens on this machine for a pod, or for whichever pod is ready behind a service or workload. */
export function createPortForward(services: AppServices): Operations["portForward"] {
  return async (object, container) => {
    const { app } = services;
    const cluster = services.cluster();
    if (cluster === undefined) return;
    const opened: PortForward[] = [];
    try {
      const bound = await boundTarget(cluster, object);
      const offered = offeredPorts(object, container);
      const [first] = offered;
      let pairs = await askPorts(services, bound, offered, first === undefined ? [] : [first], undefined);
      while (pairs !== undefined && pairs.length > 0) {
        const taken = await openPairs(cluster, bound, pairs, opened);
        if (taken === undefined) break;
        // A port that is taken: the same again with one that is free.
        const { rest, error } = taken;
        const free = await freePortNear(error.port);
        const again = rest.map((pair) => (pair.local === error.port ? { ...pair, local: free } : pair));
        pairs = await askPorts(services, bound, offered, again, errorMessage(error));
      }
      if (opened.length > 0) app.flash("info", `${opened.map(openedText).join(", ")}; :pf lists them`);
    } catch (error) {
      const before = opened.length === 0 ? "" : `${opened.map(openedText).join(", ")}; `;
      const what = opened.length === 0 ? `no port of ${object.name} was forwarded` : "the rest was not forwarded";
      app.flash("error", `${before}${what}: ${errorMessage(error)}${hintOf(error)}`);
    }
  };
}

/** `127.0.0.1:8080 -> deploy/web:http on web-5d9c`. */
export function openedText({ localPort, target, port, pod, state, error }: PortForward): string {
  const where = state === "listening" && pod !== undefined ? ` on ${pod.name}` : `, waiting: ${error ?? ""}`;
  return `127.0.0.1:${localPort} -> ${targetLabel(target)}:${port}${where}`;
}

async function openPairs(
  cluster: Cluster,
  { target, pod }: BoundTarget,
  pairs: readonly PortPair[],
  opened: PortForward[],
): Promise<{ readonly rest: readonly PortPair[]; readonly error: LocalPortError } | undefined> {
  for (const [index, { local, remote }] of pairs.entries()) {
    try {
      opened.push(await cluster.portForwards.open({ target, pod, port: remote, localPort: local }));
    } catch (error) {
      if (error instanceof LocalPortError) return { rest: pairs.slice(index), error };
      throw error;
    }
  }
  return undefined;
}

async function askPorts(
  { app }: AppServices,
  { target, promise }: BoundTarget,
  offered: readonly OfferedPort[],
  initial: readonly PortPair[],
  fault: string | undefined,
): Promise<readonly PortPair[] | undefined> {
  const declared = offered.map(({ label }) => label).join(", ");
  const text = await app.input({
    title: `Port-forward to ${targetLabel(target)}`,
    lines: [
      ...(fault === undefined ? [] : [`${fault}. The next free one is offered.`]),
      offered.length === 0 ? "It declares no ports." : `Ports: ${declared}`,
      promise,
      "On 127.0.0.1. Several: 8080:80,9090:90; :80 takes a free local port.",
    ],
    label: "local:remote",
    initial: formatPortPairs(initial),
    validate: (candidate) => {
      const pairs = parsePortPairs(candidate);
      return typeof pairs === "string" ? pairs : unknownName(pairs, offered);
    },
  });
  const pairs = text === undefined ? "" : parsePortPairs(text);
  return typeof pairs === "string" ? undefined : pairs;
}

function unknownName(pairs: readonly PortPair[], offered: readonly OfferedPort[]): string | undefined {
  const known = new Set<number | string>(offered.map(({ name }) => name));
  const wrong = pairs.find(({ remote }) => typeof remote === "string" && !known.has(remote));
  return wrong === undefined ? undefined : `it has no port named ${wrong.remote}`;
}
