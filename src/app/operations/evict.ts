import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";
import { GRACE } from "./delete.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Ends pods where disruption budgets allow it. */
export function createEvict(services: AppServices): Operations["evict"] {
  return async (pods) => {
    const cluster = services.cluster();
    if (cluster === undefined || pods.length === 0) return;
    const answer = await services.app.confirm({
      title: `Evict ${nameTargets(pods)}?`,
      lines: pods.map(pathOf),
      confirmLabel: "Evict",
      danger: true,
      choices: [{ id: "grace", label: "Grace period", options: [...GRACE.keys()] }],
    });
    if (answer === undefined) return;
    const gracePeriodSeconds = GRACE.get(answer["grace"] ?? "");
    await onEach(services, pods, "evicted", (pod) =>
      cluster.writes.evict(pod, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    );
  };
}

/** Deletes pods with no grace at all: the API forgets them before their processes are known to have ended. */
export function createKill(services: AppServices): Operations["kill"] {
  return async (pods) => {
    const cluster = services.cluster();
    if (cluster === undefined || pods.length === 0) return;
    const answer = await services.app.confirm({
      title: `Kill ${nameTargets(pods)} without grace?`,
      lines: [
        ...pods.map(pathOf),
        "",
        "Processes get no time to end, and may still run on a node that does not answer.",
      ],
      confirmLabel: "Kill",
      danger: true,
    });
    if (answer === undefined) return;
    await onEach(services, pods, "killed", (pod) => cluster.writes.delete(pod, { gracePeriodSeconds: 0 }));
  };
}
