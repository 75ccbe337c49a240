import { asArray, asRecord, asString, at } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

/** Finalized through `namespaces/finalize`, which empties `spec.finalizers`. */
export const namespaces = serveResource({
  group: "",
  version: "v1",
  resource: "namespaces",
  kind: "Namespace",
  namespaced: false,
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: ["finalize", "status"],
  columns: [nameColumn, column("Status", (namespace) => asString(at(namespace, "status", "phase"))), ageColumn],
  prepareForCreate(namespace) {
    return { ...namespace, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
  },
  prepareForUpdate(namespace, old) {
    // Finalizers of the spec change through the finalize subresource only.
    return { ...namespace, spec: old["spec"] };
  },
  admit(namespace) {
    const name = namespace.metadata.name ?? "";
    const labels = { ...namespace.metadata.labels, "kubernetes.io/metadata.name": name };
    return { ...namespace, metadata: { ...namespace.metadata, labels } };
  },
  isHeld: (namespace) => asArray(at(namespace, "spec", "finalizers")).length > 0,
  prepareForTermination: (namespace) => ({
    ...namespace,
    status: { ...asRecord(namespace["status"]), phase: "Terminating" },
  }),
});
