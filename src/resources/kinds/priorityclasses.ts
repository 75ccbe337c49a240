import { asNumber, asString } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `value: 1000
globalDefault: false
# preemptionPolicy: Never
description: ""
`;

export const priorityclasses = defineKind({
  gvr: { group: "scheduling.k8s.io", version: "v1", resource: "priorityclasses" },
  kind: "PriorityClass",
  aliases: ["pc"],
  namespaced: false,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    numberColumn("VALUE", (object) => asNumber(object["value"]), { keep: 8 }),
    textColumn("GLOBAL-DEFAULT", (object) => String(object["globalDefault"] === true), { keep: 6 }),
    ageColumn,
    textColumn("PREEMPTIONPOLICY", (object) => asString(object["preemptionPolicy"], "PreemptLowerPriority"), {
      keep: 4,
    }),
  ],
  drillDown: () => ({ to: "used-by" }),
});
