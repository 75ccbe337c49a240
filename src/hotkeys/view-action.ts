import type { Action, Scope } from "./action.ts";

/**
 * Makes the keys of one scope that run commands of the view in front, named by their ids. They stand in the hint bar and
 * act, unless they say otherwise.
 */
export function viewActions(
  scope: Scope,
): (
  id: string,
  title: string,
  keys: readonly string[],
  options?: Partial<Pick<Action, "group" | "inHintBar">>,
) => Action {
  return (id, title, keys, { group = "act", inHintBar = true } = {}) => ({
    id,
    title,
    keys,
    scope,
    group,
    inHintBar,
    disabledReason: ({ view }) => view.disabledReason?.(id),
    run: ({ view }) => view.command(id),
  });
}
