import type { ObjectTarget } from "../../cluster/cluster.ts";
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

/**
 * Gets the gate's permit to write to these objects, asking as the protection of the context demands.
 * @param options `asked`: a dialog has listed them and the user agreed; `also`: what is touched with them; `what`: the
 * beginning of the question, `Change` where absent
 * @returns what gives the permit back; `undefined` where the user does not agree
 */
export async function approve(
  services: AppServices,
  targets: readonly TargetObject[],
  options: { readonly asked: boolean; readonly what?: string; also?(target: ObjectTarget): boolean },
): Promise<(() => void) | undefined> {
  const cluster = services.cluster();
  if (cluster === undefined) return undefined;
  const protection = cluster.writes.protection.get();
  const { name: context } = cluster.context;
  if (protection === "type-name" || (protection === "confirm" && !options.asked)) {
    const [only] = targets.length === 1 ? targets : [];
    const { what = "Change" } = options;
    const answer = await services.app.confirm({
      title: `${what} ${nameTargets(targets)} in ${context}?`,
      lines: targets.map(pathOf),
      confirmLabel: what.split(" ")[0] ?? what,
      danger: true,
      ...(protection === "type-name" ? { typeToConfirm: only?.name ?? context } : {}),
    });
    if (answer === undefined) return undefined;
  }
  const same = (target: ObjectTarget): boolean =>
    targets.some(
      ({ resource, namespace, name, uid }) =>
        resource.resource === target.resource.resource &&
        resource.group === target.resource.group &&
        namespace === target.namespace &&
        name === target.name &&
        (target.uid === undefined || uid === undefined || uid === target.uid),
    );
  return cluster.writes.permit((target) => same(target) || options.also?.(target) === true);
}

/** Requests that run at the same time over many objects. */
const AT_ONCE = 8;

/**
 * Does the same to every object and says how it went: one line for success, and every object that failed with the
 * server's words.
 * @param done what to say of the objects it worked for: `deleted`
 * @param options `asked` is true where not given: a dialog has listed the objects
 */
export async function onEach(
  services: AppServices,
  targets: readonly TargetObject[],
  done: string,
  act: (target: TargetObject) => Promise<void>,
  options: Partial<Parameters<typeof approve>[2]> = {},
): Promise<void> {
  const release = await approve(services, targets, { asked: true, ...options });
  if (release === undefined) return;
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
  release();
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
