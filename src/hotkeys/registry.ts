import type { Action } from "./action.ts";
import { contextActions } from "./actions/contexts.ts";
import { globalActions } from "./actions/global.ts";
import { moveActions } from "./actions/moves.ts";
import { resourceActions } from "./actions/resource.ts";
import { tableActions } from "./actions/table.ts";

/** Every action there is, in the order of the help. A new group of `actions/` is added here. */
export const actions: readonly Action[] = [
  ...globalActions,
  ...moveActions,
  ...tableActions,
  ...resourceActions,
  ...contextActions,
];
