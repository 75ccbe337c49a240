import type { Operations } from "../../hotkeys/action.ts";
import { at } from "../../lib/kube/object.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

interface Words {
  readonly field: "paused" | "suspend";
  readonly on: readonly [verb: string, done: string, effect: string];
  readonly off: readonly [verb: string, done: string, effect: string];
  /** Where switching it on does something else to a kind than `on` says, by resource. */
  readonly onKinds?: Readonly<Record<string, string>>;
}

/** Rollouts of deployments: while one is paused, changes of its template wait. */
export function createPause(services: AppServices): Operations["pause"] {
  return switchField(services, {
    field: "paused",
    on: ["pause", "paused", "changes of the template wait until it is resumed"],
    off: ["resume", "resumed", "what waits is rolled out"],
  });
}

export function createSuspendJobs(services: AppServices): Operations["suspend"] {
  return switchField(services, {
    field: "suspend",
    on: ["suspend", "suspended", "no new jobs are started; one that runs goes on"],
    onKinds: { jobs: "its pods are ended, and started anew when it is resumed" },
    off: ["resume", "resumed", "jobs run again"],
  });
}

/** Switches all on where any is off, else all off, after a question that says which. */
function switchField(services: AppServices, words: Words): Operations["pause"] {
  return async (targets) => {
    const cluster = services.cluster();
    if (cluster === undefined || targets.length === 0) return;
    const isOn = (target: (typeof targets)[number]): boolean => at(target.object, "spec", words.field) === true;
    const on = !targets.every(isOn);
    const [verb, done, effect] = on ? words.on : words.off;
    const effects = targets.map(({ resource }) => (on ? (words.onKinds?.[resource.resource] ?? effect) : effect));
    const title = `${verb[0]?.toUpperCase() ?? ""}${verb.slice(1)}`;
    const answer = await services.app.confirm({
      title: `${title} ${nameTargets(targets)}?`,
      lines: [
        ...targets.map((target) => `${pathOf(target)}${isOn(target) === on ? ` (${done} already)` : ""}`),
        "",
        ...new Set(effects),
      ],
      confirmLabel: title,
      danger: on && words.field === "suspend",
    });
    if (answer === undefined) return;
    await onEach(services, targets, done, async (target) => {
      await cluster.writes.patch(target, "merge", { spec: { [words.field]: on } }, { verb });
    });
  };
}
