import { asString, at } from "../../lib/kube/object.ts";
import { addressKey, ageColumn, nameColumn, querySelector, selectorText, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsBySelector } from "../pods-behind.ts";
import { serviceExternalAddress, servicePorts } from "../service-address.ts";

export const services = defineKind({
  gvr: { group: "", version: "v1", resource: "services" },
  kind: "Service",
  aliases: ["svc"],
  namespaced: true,
  can: ["describe", "yaml", "used-by", "edit", "delete", "logs", "port-forward"],
  columns: [
    nameColumn,
    textColumn("TYPE", (object) => asString(at(object, "spec", "type"), "ClusterIP"), { keep: 7 }),
    textColumn("CLUSTER-IP", (object) => asString(at(object, "spec", "clusterIP")) || "<none>", {
      keep: 7,
      sortKey: (object) => addressKey(asString(at(object, "spec", "clusterIP"))),
    }),
    textColumn("EXTERNAL-IP", (object) => serviceExternalAddress(object), { keep: 5 }),
    textColumn("PORT(S)", (object) => servicePorts(object), { keep: 7, minWidth: 8 }),
    ageColumn,
    textColumn("SELECTOR", (object) => selectorText(at(object, "spec", "selector")), { wide: true, minWidth: 10 }),
  ],
  tone: (object) => (serviceExternalAddress(object) === "<pending>" ? "progress" : "ok"),
  drillDown: (object) => podsBySelector(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});
