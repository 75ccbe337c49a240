import { asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const namespaces = defineKind({
  gvr: { group: "", version: "v1", resource: "namespaces" },
  kind: "Namespace",
  aliases: ["ns"],
  namespaced: false,
  template: "",
  can: ["describe", "yaml", "edit", "delete", "logs", "use-namespace"],
  columns: [
    nameColumn,
    {
      id: "key",
      title: "KEY",
      needs: "favourites",
      keep: 6,
      text: (object, context) => String(context.favourite?.(object.metadata.name ?? "") ?? ""),
      tone: () => "accent",
    },
    textColumn("STATUS", (object) => asString(at(object, "status", "phase"), "Active"), { keep: 9 }),
    ageColumn,
  ],
  tone: (object) => (at(object, "status", "phase") === "Terminating" ? "muted" : "ok"),
  drillDown: (object) => ({ to: "namespace", namespace: object.metadata.name ?? "" }),
});
