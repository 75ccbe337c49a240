import { asArray, asString, at, isRecord } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const validatingadmissionpolicybindings = defineKind({
  gvr: { group: "admissionregistration.k8s.io", version: "v1", resource: "validatingadmissionpolicybindings" },
  kind: "ValidatingAdmissionPolicyBinding",
  aliases: ["vapb"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("POLICYNAME", (object) => asString(at(object, "spec", "policyName")), { keep: 8 }),
    textColumn(
      "PARAMREF",
      (object) => {
        const reference = at(object, "spec", "paramRef");
        if (!isRecord(reference)) return "<unset>";
        const namespace = asString(reference["namespace"]);
        const name = asString(reference["name"], "*");
        return namespace === "" ? name : `${namespace}/${name}`;
      },
      { keep: 6 },
    ),
    textColumn(
      "ACTIONS",
      (object) =>
        asArray(at(object, "spec", "validationActions"))
          .map((action) => asString(action))
          .join(","),
      { keep: 5 },
    ),
    ageColumn,
  ],
  drillDown: (object) => ({
    to: "object",
    resource: "validatingadmissionpolicies",
    group: "admissionregistration.k8s.io",
    namespace: "",
    name: asString(at(object, "spec", "policyName")),
  }),
});
