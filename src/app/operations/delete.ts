import type { Propagation } from "../../cluster/cluster.ts";
import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Choices of the grace period, in seconds; `undefined` leaves it to the pod. */
export const GRACE: ReadonlyMap<string, number | undefined> = new Map([
  ["default", undefined],
  ["30 s", 30],
  ["5 s", 5],
  ["at once", 0],
]);

const PROPAGATION: ReadonlyMap<string, Propagation> = new Map([
  ["background", "Background"],
  ["foreground", "Foreground"],
  ["orphan", "Orphan"],
]);

/** Asks with the exact list of what goes, then deletes those objects and no others (by uid). */
export function createDelete(services: AppServices): Operations["delete"] {
  return async (targets) => {
    const cluster = services.cluster();
    const [first] = targets;
    if (cluster === undefined || first === undefined) return;
    const resource = first.resource.resource;
    const [only] = targets.length === 1 ? targets : [];
    const answer = await services.app.confirm({
      title: `Delete ${nameTargets(targets)}?`,
      lines: targets.map(pathOf),
      confirmLabel: "Delete",
      danger: true,
      ...(resource === "namespaces" && only !== undefined ? { typeToConfirm: only.name } : {}),
      choices: [
        { id: "propagation", label: "Dependents", options: [...PROPAGATION.keys()] },
        ...(resource === "pods" ? [{ id: "grace", label: "Grace period", options: [...GRACE.keys()] }] : []),
      ],
    });
    if (answer === undefined) return;
    const propagation = PROPAGATION.get(answer["propagation"] ?? "") ?? "Background";
    const gracePeriodSeconds = GRACE.get(answer["grace"] ?? "");
    await onEach(services, targets, "deleted", (target) =>
      cluster.writes.delete(target, {
        propagation,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      }),
    );
  };
}
