import type { TargetObject } from "../../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { AppServices } from "../context.ts";

/** `pod web-1`, or `3 pods`. */
export function nameTargets(targets: readonly TargetObject[]): string {
  const [first] = targets;
  if (first === undefined) return "nothing";
  const { singular, resource, kind } = first.resource;
  if (targets.length === 1) return `${singular || kind.toLowerCase()} ${first.name}`;
  return `${targets.length} ${resource}`;
}

/** `default/web-1`, or `node-1`. */
export function pathOf(target: TargetObject): string {
  return target.namespace === "" ? target.name : `${target.namespace}/${target.name}`;
}

/** Requests that run at the same time over many objects. */
const AT_ONCE = 8;

/**
 * Does the same to every object and says how it went: one line for success, and every object that failed with the
 * server's words.
 * @param done what to say of the objects it worked for: `deleted`
 */
export async function onEach(
  services: AppServices,
  targets: readonly TargetObject[],
  done: string,
  act: (target: TargetObject) => Promise<void>,
): Promise<void> {
  const failures: Array<{ readonly target: TargetObject; readonly error: unknown }> = [];
  const waiting = targets.values();
  const worker = async (): Promise<void> => {
    for (const target of waiting) {
      try {
        await act(target);
      } catch (error) {
        failures.push({ target, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  const succeeded = targets.filter((target) => !failures.some((failure) => failure.target === target));
  const [first] = failures;
  if (first === undefined) {
    services.app.flash("info", `${nameTargets(targets)} ${done}`);
    return;
  }
  const hint = first.error instanceof KelpieError && first.error.hint !== undefined ? ` ${first.error.hint}` : "";
  if (targets.length === 1) {
    services.app.flash("error", `${nameTargets(targets)} not ${done}: ${errorMessage(first.error)}${hint}`);
    return;
  }
  services.app.flash("error", `${failures.length} of ${targets.length} not ${done}; ${succeeded.length} ${done}`);
  await services.app.confirm({
    title: `${failures.length} of ${targets.length} not ${done}`,
    lines: failures.map(({ target, error }) => `${pathOf(target)}: ${errorMessage(error)}`),
    confirmLabel: "Close",
    danger: false,
  });
}
