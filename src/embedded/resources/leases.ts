import { asString, at } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const leases = serveResource({
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  kind: "Lease",
  namespaced: true,
  createOnUpdate: true,
  columns: [nameColumn, column("Holder", (lease) => asString(at(lease, "spec", "holderIdentity"))), ageColumn],
});
