import { asNumber, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, querySelector, readyColumn, templateColumns } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsOwnedBy } from "../pods-behind.ts";
import { rolloutColumn, statefulSetRollout } from "../rollout-state.ts";

const TEMPLATE = `spec:
  replicas: 1
  # The headless service that gives its pods their names.
  serviceName: NAME
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      containers:
        - name: main
          image: nginx:stable
  # volumeClaimTemplates:
  #   - metadata: { name: data }
  #     spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

export const statefulsets = defineKind({
  gvr: { group: "apps", version: "v1", resource: "statefulsets" },
  kind: "StatefulSet",
  aliases: ["sts"],
  namespaced: true,
  template: TEMPLATE,
  can: [
    "describe",
    "yaml",
    "used-by",
    "edit",
    "delete",
    "logs",
    "scale",
    "restart",
    "set-image",
    "port-forward",
    "rollout",
  ],
  columns: [
    nameColumn,
    readyColumn((object) => ({
      ready: asNumber(at(object, "status", "readyReplicas")),
      total: asNumber(at(object, "spec", "replicas"), 1),
    })),
    numberColumn("UP-TO-DATE", (object) => asNumber(at(object, "status", "updatedReplicas")), { keep: 6 }),
    numberColumn("AVAILABLE", (object) => asNumber(at(object, "status", "availableReplicas")), { keep: 5 }),
    rolloutColumn(statefulSetRollout),
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => statefulSetRollout(object).tone,
  drillDown: (object) => podsOwnedBy(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});
