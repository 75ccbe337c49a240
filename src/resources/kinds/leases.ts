import { ageOf } from "../../lib/age.ts";
import { asString, at } from "../../lib/kube/object.ts";
import { ageColumn, ageKey, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const leases = defineKind({
  gvr: { group: "coordination.k8s.io", version: "v1", resource: "leases" },
  kind: "Lease",
  aliases: [],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("HOLDER", (object) => asString(at(object, "spec", "holderIdentity")), { keep: 8 }),
    {
      id: "renewed",
      title: "RENEWED",
      clock: true,
      keep: 6,
      text: (object, { now }) => ageOf(asString(at(object, "spec", "renewTime")), now),
      sortKey: (object, { now }) => ageKey(asString(at(object, "spec", "renewTime")), now),
    },
    ageColumn,
  ],
});
