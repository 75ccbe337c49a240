import { asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const validatingadmissionpolicies = defineKind({
  gvr: { group: "admissionregistration.k8s.io", version: "v1", resource: "validatingadmissionpolicies" },
  kind: "ValidatingAdmissionPolicy",
  aliases: ["vap"],
  namespaced: false,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    numberColumn("VALIDATIONS", (object) => asRecords(at(object, "spec", "validations")).length, { keep: 7 }),
    textColumn(
      "PARAMKIND",
      (object) => {
        const kind = at(object, "spec", "paramKind");
        return isRecord(kind) ? `${asString(kind["apiVersion"])}/${asString(kind["kind"])}` : "<unset>";
      },
      { keep: 6 },
    ),
    textColumn("ON FAILURE", (object) => asString(at(object, "spec", "failurePolicy"), "Fail"), { keep: 5 }),
    ageColumn,
  ],
  drillDown: () => ({ to: "used-by" }),
});
