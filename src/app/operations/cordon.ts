import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Scheduling on nodes off and on. Off asks, for new pods may find no place then. */
export function createCordon(services: AppServices): Operations["cordon"] {
  return async (nodes, unschedulable) => {
    const cluster = services.cluster();
    if (cluster === undefined || nodes.length === 0) return;
    const verb = unschedulable ? "cordon" : "uncordon";
    if (unschedulable) {
      const answer = await services.app.confirm({
        title: `Cordon ${nameTargets(nodes)}? No new pods are scheduled there.`,
        lines: nodes.map(pathOf),
        confirmLabel: "Cordon",
        danger: false,
      });
      if (answer === undefined) return;
    }
    const act = async (node: (typeof nodes)[number]): Promise<void> => {
      const spec = { unschedulable: unschedulable ? true : null };
      await cluster.writes.patch(node, "merge", { spec }, { verb });
    };
    await onEach(services, nodes, `${verb}ed`, act, { asked: unschedulable });
  };
}
