import { scalarText } from "../scalar-text.ts";
import { asNumber, asRecord, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, querySelector, templateColumns, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsOwnedBy } from "../pods-behind.ts";
import { daemonSetRollout, rolloutColumn } from "../rollout-state.ts";

const status = (field: string): ((object: KubeObject) => number) => {
  return (object) => asNumber(at(object, "status", field));
};
const wanted = status("desiredNumberScheduled");
const ready = status("numberReady");

const TEMPLATE = `spec:
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      # tolerations: [{ operator: Exists }]
      containers:
        - name: main
          image: nginx:stable
`;

export const daemonsets = defineKind({
  gvr: { group: "apps", version: "v1", resource: "daemonsets" },
  kind: "DaemonSet",
  aliases: ["ds"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete", "logs", "restart", "set-image", "port-forward", "rollout"],
  columns: [
    nameColumn,
    numberColumn("DESIRED", wanted, { keep: 7 }),
    numberColumn("CURRENT", status("currentNumberScheduled"), { keep: 6 }),
    numberColumn("READY", ready, {
      keep: 8,
      tone: (object) => (ready(object) < wanted(object) ? "warning" : undefined),
    }),
    numberColumn("UP-TO-DATE", status("updatedNumberScheduled"), { keep: 6 }),
    numberColumn("AVAILABLE", status("numberAvailable"), { keep: 6 }),
    rolloutColumn(daemonSetRollout),
    textColumn("NODE SELECTOR", nodeSelector, { keep: 3 }),
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => daemonSetRollout(object).tone,
  drillDown: (object) => podsOwnedBy(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});

function nodeSelector(object: KubeObject): string {
  const selector = Object.entries(asRecord(at(object, "spec", "template", "spec", "nodeSelector")));
  return selector.length === 0 ? "<none>" : selector.map(([key, value]) => `${key}=${scalarText(value)}`).join(",");
}
