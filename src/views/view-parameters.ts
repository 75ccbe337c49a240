import type { TargetObject } from "../hotkeys/action.ts";
import { KelpieError } from "../lib/errors.ts";
import { singularName } from "../lib/kube/gvr.ts";
import { asArray, isRecord } from "../lib/kube/object.ts";

type Parameters = Readonly<Record<string, unknown>>;

function isTarget(value: unknown): value is TargetObject {
  return (
    isRecord(value) && isRecord(value["resource"]) && typeof value["name"] === "string" && isRecord(value["object"])
  );
}

/** @throws KelpieError where `target` is not an object of a cluster */
export function targetParameter(parameters: Parameters): TargetObject {
  const { target } = parameters;
  if (isTarget(target)) return target;
  throw new KelpieError("this view needs an object and was opened without one");
}

/** @throws KelpieError where `targets` holds no object */
export function targetsParameter(parameters: Parameters): readonly TargetObject[] {
  const targets = asArray(parameters["targets"]).filter(isTarget);
  if (targets.length > 0) return targets;
  throw new KelpieError("this view needs objects and was opened without any");
}

/** @throws KelpieError where the parameter is not a text */
export function stringParameter(parameters: Parameters, name: string): string {
  const value = parameters[name];
  if (typeof value === "string") return value;
  throw new KelpieError(`this view needs ${name} and was opened without it`);
}

/** `pod default/web-1`, for titles. */
export function targetTitle(target: TargetObject): string {
  return `${singularName(target.resource)} ${targetPath(target)}`;
}

/** `namespace/name`, or `name` where there is no namespace. */
export function targetPath(target: { readonly namespace: string; readonly name: string }): string {
  return target.namespace === "" ? target.name : `${target.namespace}/${target.name}`;
}
