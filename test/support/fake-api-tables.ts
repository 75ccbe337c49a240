import type { ApiResource } from "../../src/lib/kube/gvr.ts";
import { asArray, asNumber, asRecords, asString, at, type KubeObject } from "../../src/lib/kube/object.ts";
import type { TableColumnDefinition } from "../../src/lib/kube/table.ts";

interface Printer {
  readonly columns: readonly TableColumnDefinition[];
  cells(object: KubeObject): readonly unknown[];
}

function column(name: string, type = "string", priority = 0): TableColumnDefinition {
  return { name, type, format: name === "Name" ? "name" : "", description: `${name} of the object`, priority };
}

const GENERIC: Printer = {
  columns: [column("Name"), column("Created At", "date")],
  cells: (object) => [object.metadata.name, object.metadata.creationTimestamp],
};

const PRINTERS: Readonly<Record<string, Printer>> = {
  pods: {
    columns: [
      column("Name"),
      column("Ready"),
      column("Status"),
      column("Restarts"),
      column("Age"),
      column("IP", "string", 1),
      column("Node", "string", 1),
    ],
    cells: (pod) => {
      const statuses = asRecords(at(pod, "status", "containerStatuses"));
      return [
        pod.metadata.name,
        `${statuses.filter((status) => status["ready"] === true).length}/${asArray(at(pod, "spec", "containers")).length}`,
        at(pod, "status", "phase"),
        String(statuses.reduce((sum, status) => sum + asNumber(status["restartCount"]), 0)),
        "5m",
        at(pod, "status", "podIP"),
        at(pod, "spec", "nodeName"),
      ];
    },
  },
  widgets: {
    columns: [column("Name"), column("Size", "integer"), column("Colour"), column("Age", "date")],
    cells: (widget) => [
      widget.metadata.name,
      at(widget, "spec", "size"),
      asString(at(widget, "spec", "colour")),
      widget.metadata.creationTimestamp,
    ],
  },
};

function printerFor(resource: ApiResource): Printer {
  return PRINTERS[resource.resource] ?? GENERIC;
}

export type IncludeObject = "None" | "Metadata" | "Object";

function rowOf(resource: ApiResource, object: KubeObject, include: IncludeObject): Readonly<Record<string, unknown>> {
  const cells = printerFor(resource).cells(object);
  if (include === "None") return { cells };
  if (include === "Object") return { cells, object };
  return {
    cells,
    object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
  };
}

/** A `meta.k8s.io/v1` Table. `columns` false leaves the definitions out, as a watch does after its first event. */
export function tableOf(
  resource: ApiResource,
  objects: readonly KubeObject[],
  options: { readonly include: IncludeObject; readonly metadata: Readonly<Record<string, unknown>>; columns: boolean },
): Readonly<Record<string, unknown>> {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.columns ? printerFor(resource).columns : null,
    rows: objects.map((object) => rowOf(resource, object, options.include)),
  };
}
