import { accessView, bindingView, rulesView, whoCanView } from "../views/access/view.ts";
import { containersView } from "../views/containers/view.ts";
import { contextsView } from "../views/contexts/view.ts";
import { dataView } from "../views/data/view.ts";
import { describeView } from "../views/describe/view.ts";
import { diagnosisView } from "../views/diagnosis/view.ts";
import { differenceView } from "../views/difference/view.ts";
import { releaseHistoryView } from "../views/helm/history-view.ts";
import { releasesView } from "../views/helm/releases-view.ts";
import { releaseTextView } from "../views/helm/text-view.ts";
import { helpView } from "../views/help/view.ts";
import { localClustersView } from "../views/local-clusters/view.ts";
import { logRecordView } from "../views/logs/record-view.ts";
import { journalEntryView, journalView } from "../views/journal/view.ts";
import { logsView } from "../views/logs/view.ts";
import { portForwardsView } from "../views/port-forwards/view.ts";
import { dirView } from "../views/dir/view.ts";
import { manifestView } from "../views/dir/manifest-view.ts";
import { pulseView } from "../views/pulse/view.ts";
import { relationsView, usedByView, workloadsView, xrayView } from "../views/relations/view.ts";
import { resourceTable } from "../views/resource-table/view.tsx";
import { valueView } from "../views/value/view.ts";
import { rolloutView } from "../views/rollout/view.ts";
import { taskView } from "../views/task/view.ts";
import type { ViewDefinition } from "../views/view.ts";
import { welcomeView } from "../views/welcome/view.tsx";
import { yamlView } from "../views/yaml/view.ts";

/** Every screen there is. A new folder of `views/` is added here. */
export const views: readonly ViewDefinition[] = [
  resourceTable,
  accessView,
  bindingView,
  rulesView,
  whoCanView,
  describeView,
  diagnosisView,
  relationsView,
  usedByView,
  workloadsView,
  pulseView,
  dirView,
  manifestView,
  xrayView,
  yamlView,
  logsView,
  logRecordView,
  containersView,
  dataView,
  valueView,
  portForwardsView,
  taskView,
  rolloutView,
  releasesView,
  releaseHistoryView,
  releaseTextView,
  journalView,
  journalEntryView,
  differenceView,
  contextsView,
  localClustersView,
  helpView,
  welcomeView,
];
