import type { Operations } from "../../hotkeys/action.ts";
import { asNumber, at } from "../../lib/kube/object.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

export function createScale(services: AppServices): Operations["scale"] {
  return async (targets) => {
    const cluster = services.cluster();
    const [first] = targets;
    if (cluster === undefined || first === undefined) return;
    const current = (target: typeof first): number => asNumber(at(target.object, "spec", "replicas"), 1);
    const text = await services.app.input({
      title: `Scale ${nameTargets(targets)}`,
      lines: targets.map((target) => `${pathOf(target)}: ${current(target)} now`),
      label: "Replicas",
      initial: String(current(first)),
      selectInitial: true,
      validate: (typed) => (/^\d{1,6}$/.test(typed.trim()) ? undefined : "a whole number, 0 or more"),
    });
    if (text === undefined) return;
    const replicas = Number(text.trim());
    await onEach(services, targets, `scaled to ${replicas}`, (target) => cluster.writes.scale(target, replicas));
  };
}
