import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

export function createRestart(services: AppServices): Operations["restart"] {
  return async (targets) => {
    const cluster = services.cluster();
    if (cluster === undefined || targets.length === 0) return;
    const answer = await services.app.confirm({
      title: `Restart ${nameTargets(targets)}?`,
      lines: targets.map(pathOf),
      confirmLabel: "Restart",
      danger: true,
    });
    if (answer === undefined) return;
    await onEach(services, targets, "restarted", (target) => cluster.writes.restart(target));
  };
}
