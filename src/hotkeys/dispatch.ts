import { groupResource } from "../lib/kube/gvr.ts";
import type { Capability } from "../resources/kind.ts";
import type { Action, ActionContext, Scope } from "./action.ts";
import type { Bindings } from "./bindings.ts";
import { habitText } from "./habits.ts";

/** What a key press comes to. */
export type Resolution =
  | { readonly type: "run"; readonly action: Action }
  | { readonly type: "disabled"; readonly action: Action; readonly reason: string }
  /** It means nothing here; what it does elsewhere is told. */
  | { readonly type: "habit"; readonly text: string }
  | { readonly type: "unbound" };

/**
 * The action a key means in the view in front: the most specific scope first, and of actions that share a key the one
 * whose capability the kind has.
 */
export function resolveKey(
  bindings: Bindings,
  scopes: readonly Scope[],
  key: string,
  context: ActionContext,
): Resolution {
  let disabled: (Resolution & { readonly type: "disabled" }) | undefined;
  for (const scope of withGlobal(scopes)) {
    for (const action of bindings.find(scope, key)) {
      const reason = reasonAgainst(action, context);
      if (reason === undefined) return { type: "run", action };
      if (disabled === undefined || offered(action, context)) disabled = { type: "disabled", action, reason };
    }
  }
  if (disabled !== undefined && offered(disabled.action, context)) return disabled;
  const text = habitText(bindings, withGlobal(scopes), key);
  return text === undefined ? (disabled ?? { type: "unbound" }) : { type: "habit", text };
}

export function withGlobal(scopes: readonly Scope[]): readonly Scope[] {
  return scopes.includes("global") ? scopes : [...scopes, "global"];
}

/** True where the action makes sense for the kind on screen, even if it cannot run now. */
export function offered(action: Action, context: ActionContext): boolean {
  return action.needs === undefined || (context.kind?.can.includes(action.needs) ?? false);
}

/** Why an action cannot run now, in words for the user; `undefined` when it can. */
export function reasonAgainst(action: Action, context: ActionContext): string | undefined {
  if (!offered(action, context)) {
    return `${context.kind?.kind ?? "what is shown here"} has no ${CAPABILITY_NAMES[action.needs ?? "describe"]}`;
  }
  if (action.needs !== undefined && context.targets.length === 0) return context.nothing ?? "nothing is selected";
  if (action.mutates === true && context.readOnly) return "read-only: nothing may be written in this context";
  return action.disabledReason?.(context) ?? lackedRight(action, context);
}

/** Objects of more namespaces are not asked about: the server will tell. */
const MOST_NAMESPACES = 8;

/** The right that an action uses and the user is known to lack, in words. */
function lackedRight({ access = [] }: Action, context: ActionContext): string | undefined {
  if (context.isDenied === undefined || access.length === 0) return undefined;
  const places = new Map(
    context.targets.map(({ resource, namespace }) => [
      `${groupResource(resource)} ${namespace}`,
      { resource, namespace },
    ]),
  );
  for (const { resource, namespace } of [...places.values()].slice(0, MOST_NAMESPACES)) {
    for (const { verb, subresource = "", of = resource } of access) {
      if (!context.isDenied(verb, of, namespace, subresource)) continue;
      const what = `${groupResource(of)}${subresource === "" ? "" : `/${subresource}`}`;
      return `you may not ${verb} ${what} ${namespace === "" ? "in the cluster" : `in ${namespace}`}`;
    }
  }
  return undefined;
}

const CAPABILITY_NAMES: Readonly<Record<Capability, string>> = {
  describe: "description",
  yaml: "YAML",
  edit: "editor",
  delete: "deletion",
  logs: "logs",
  shell: "shell",
  attach: "process to attach to",
  "port-forward": "ports to forward",
  scale: "scale",
  restart: "restart",
  "set-image": "images to set",
  "use-namespace": "namespace to use",
  cordon: "scheduling to switch",
  decode: "data to decode",
  "used-by": "users that kelpie knows of",
  evict: "processes to end",
  node: "node it runs on",
  pause: "rollout to pause",
  suspend: "runs to suspend",
  "run-now": "job to run",
  expand: "storage to expand",
  rollout: "rollout",
  "roll-back": "revision to go back to",
  approve: "request to decide",
  debug: "debug containers",
  "copy-files": "files to copy",
  "node-shell": "shell of a node",
};
