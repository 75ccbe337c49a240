import { asArray } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const serviceaccounts = serveResource({
  group: "",
  version: "v1",
  resource: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
  shortNames: ["sa"],
  subresources: ["token"],
  returnsDeleted: true,
  columns: [nameColumn, column("Secrets", (account) => asArray(account["secrets"]).length, "integer"), ageColumn],
});
