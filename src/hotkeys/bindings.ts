import { UsageError } from "../lib/errors.ts";
import type { KindDefinition } from "../resources/kind.ts";
import type { Action, Scope } from "./action.ts";

/** Which actions a key means, by scope. */
export interface Bindings {
  readonly actions: readonly Action[];
  /** Keys of an action after the user's settings. */
  keysOf(action: Action): readonly string[];
  find(scope: Scope, key: string): readonly Action[];
}

/**
 * Lays the user's keys over the built-in ones.
 * @param overrides keys by action id; an empty list unbinds
 * @throws UsageError where an id names no action
 */
export function createBindings(
  actions: readonly Action[],
  overrides: Readonly<Record<string, readonly string[]>> = {},
): Bindings {
  const known = new Set(actions.map((action) => action.id));
  for (const id of Object.keys(overrides)) {
    if (!known.has(id)) {
      throw new UsageError(`the setting keys.${id} names no action`, { hint: "docs/keys.md lists every action." });
    }
  }
  const keysOf = (action: Action): readonly string[] => overrides[action.id] ?? action.keys;
  const table = new Map<string, Action[]>();
  for (const action of actions) {
    for (const key of keysOf(action)) {
      const at = `${action.scope} ${key}`;
      const list = table.get(at);
      if (list === undefined) table.set(at, [action]);
      else list.push(action);
    }
  }
  return { actions, keysOf, find: (scope, key) => table.get(`${scope} ${key}`) ?? [] };
}

/**
 * Pairs of actions that answer to one key in one scope. Two actions may share a key only where each needs a capability
 * and no kind has both.
 */
export function keyConflicts(actions: readonly Action[], kinds: readonly KindDefinition[]): readonly string[] {
  const conflicts: string[] = [];
  const seen = new Map<string, Action[]>();
  const ids = new Set<string>();
  for (const action of actions) {
    if (ids.has(action.id)) conflicts.push(`${action.id} is defined twice`);
    ids.add(action.id);
    for (const key of action.keys) {
      const at = `${action.scope} ${key}`;
      for (const other of seen.get(at) ?? []) {
        if (mayShare(action, other, kinds)) continue;
        conflicts.push(`${key} in ${action.scope}: ${other.id} and ${action.id}`);
      }
      seen.set(at, [...(seen.get(at) ?? []), action]);
    }
  }
  return conflicts;
}

function mayShare(left: Action, right: Action, kinds: readonly KindDefinition[]): boolean {
  const { needs } = left;
  const { needs: others } = right;
  if (needs === undefined || others === undefined || needs === others) return false;
  return !kinds.some((kind) => kind.can.includes(needs) && kind.can.includes(others));
}
