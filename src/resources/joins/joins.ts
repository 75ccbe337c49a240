import type { Gvr } from "../../lib/kube/gvr.ts";
import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { podResources, type ResourceAmounts } from "../pod-resources.ts";
import { podsGvr } from "../related-query.ts";

/** What columns tell of another list, by the name of the join. */
export interface Joined {
  /** The endpoints behind a service, by address type: each IP family has slices of its own. */
  readonly endpoints: Readonly<Record<string, { readonly ready: number; readonly total: number }>>;
  /** Names of the pods that use a claim. */
  readonly "claim-pods": readonly string[];
  /** What the pods of a node ask for, those that have ended not counted. */
  readonly "node-pods": NodePods;
}

export interface NodePods {
  readonly pods: number;
  readonly requests: ResourceAmounts;
  readonly limits: ResourceAmounts;
}

export type JoinName = keyof Joined;

/** How a list is joined with the rows of a table. */
export interface Join<Value> {
  readonly gvr: Gvr;
  /** The list is that of all namespaces, whatever the table shows. */
  readonly allNamespaces?: boolean;
  /** What a row gets to which no object of the list belongs. */
  readonly none: Value;
  /** The row that an object of the list belongs to (`namespace/name`, or `name`), and what it adds there. */
  partsOf(object: KubeObject): ReadonlyArray<readonly [path: string, part: Value]>;
  add(left: Value, right: Value): Value;
}

export const joins: { readonly [Name in JoinName]: Join<Joined[Name]> } = {
  endpoints: {
    gvr: { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
    none: {},
    partsOf: (slice) => {
      const service = slice.metadata.labels?.["kubernetes.io/service-name"];
      if (service === undefined) return [];
      const going = (endpoint: unknown): boolean => at(endpoint, "conditions", "terminating") === true;
      const endpoints = asRecords(slice["endpoints"]).filter((endpoint) => !going(endpoint));
      const ready = endpoints.filter((endpoint) => at(endpoint, "conditions", "ready") !== false);
      const count = { ready: ready.length, total: endpoints.length };
      return [[pathIn(slice, service), { [asString(slice["addressType"])]: count }]];
    },
    add: (left, right) => {
      const sum: Record<string, { readonly ready: number; readonly total: number }> = { ...left };
      for (const [type, { ready, total }] of Object.entries(right)) {
        const before = sum[type];
        sum[type] = { ready: ready + (before?.ready ?? 0), total: total + (before?.total ?? 0) };
      }
      return sum;
    },
  },
  "claim-pods": {
    gvr: podsGvr,
    none: [],
    partsOf: (pod) => {
      if (hasEnded(pod)) return [];
      const name = pod.metadata.name ?? "";
      const claims = asRecords(at(pod, "spec", "volumes")).map((volume) =>
        // The claim of an ephemeral volume bears the names of the pod and of the volume.
        at(volume, "ephemeral") === undefined
          ? asString(at(volume, "persistentVolumeClaim", "claimName"))
          : `${name}-${asString(volume["name"])}`,
      );
      return [...new Set(claims)].filter((claim) => claim !== "").map((claim) => [pathIn(pod, claim), [name]] as const);
    },
    add: (left, right) => [...left, ...right],
  },
  "node-pods": {
    gvr: podsGvr,
    allNamespaces: true,
    none: { pods: 0, requests: { cpu: 0, memory: 0 }, limits: { cpu: 0, memory: 0 } },
    partsOf: (pod) => {
      const node = asString(at(pod, "spec", "nodeName"));
      if (node === "" || hasEnded(pod)) return [];
      const { requests, limitSums } = podResources(pod);
      return [[node, { pods: 1, requests, limits: limitSums }]];
    },
    add: (left, right) => ({
      pods: left.pods + right.pods,
      requests: addAmounts(left.requests, right.requests),
      limits: addAmounts(left.limits, right.limits),
    }),
  },
};

function addAmounts(left: ResourceAmounts, right: ResourceAmounts): ResourceAmounts {
  return { cpu: (left.cpu ?? 0) + (right.cpu ?? 0), memory: (left.memory ?? 0) + (right.memory ?? 0) };
}

function hasEnded(pod: KubeObject): boolean {
  const phase = at(pod, "status", "phase");
  return phase === "Succeeded" || phase === "Failed";
}

function pathIn(object: KubeObject, name: string): string {
  return `${object.metadata.namespace ?? ""}/${name}`;
}
