import type { Action } from "./action.ts";
import { clusterActions } from "./actions/clusters.ts";
import { accessActions } from "./actions/access.ts";
import { containerActions } from "./actions/containers.ts";
import { contextActions } from "./actions/contexts.ts";
import { dataActions } from "./actions/data.ts";
import { dirActions } from "./actions/dir.ts";
import { globalActions } from "./actions/global.ts";
import { helmActions } from "./actions/helm.ts";
import { journalActions } from "./actions/journal.ts";
import { logActions } from "./actions/logs.ts";
import { moveActions } from "./actions/moves.ts";
import { nodeActions } from "./actions/nodes.ts";
import { portForwardActions } from "./actions/port-forwards.ts";
import { pulseActions } from "./actions/pulse.ts";
import { relationActions } from "./actions/relations.ts";
import { resourceActions } from "./actions/resource.ts";
import { rolloutActions } from "./actions/rollout.ts";
import { sessionActions } from "./actions/sessions.ts";
import { tableActions } from "./actions/table.ts";
import { taskActions } from "./actions/task.ts";
import { textActions } from "./actions/text.ts";
import { workloadActions } from "./actions/workloads.ts";

/** Every action there is, in the order of the help. A new group of `actions/` is added here. */
export const actions: readonly Action[] = [
  ...globalActions,
  ...moveActions,
  ...tableActions,
  ...resourceActions,
  ...relationActions,
  ...sessionActions,
  ...nodeActions,
  ...workloadActions,
  ...rolloutActions,
  ...helmActions,
  ...journalActions,
  ...accessActions,
  ...containerActions,
  ...textActions,
  ...dataActions,
  ...logActions,
  ...contextActions,
  ...clusterActions,
  ...portForwardActions,
  ...taskActions,
  ...pulseActions,
  ...dirActions,
];
