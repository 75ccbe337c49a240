import type { ListQuery, ListSnapshot, ResourceStore } from "../../src/cluster/cluster.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { eventually, type Cleanup } from "./cluster-fixture.ts";
import { fakePod, type PodShape } from "./fake-api-objects.ts";
import type { FakeApiServer } from "./fake-api-server.ts";

/** A pod that no generated cluster has. */
export function pod(name: string, extra: Partial<PodShape> = {}): KubeObject {
  return fakePod({ name, namespace: "default", index: 90_000 + name.length, node: "node-0", ...extra });
}

/** All pods, as objects. */
export function podQuery(server: FakeApiServer, extra: Partial<ListQuery> = {}): ListQuery {
  return { resource: server.resource("pods"), namespace: "", form: "objects", ...extra };
}

export function live(store: ResourceStore): Promise<ListSnapshot> {
  return eventually(store, ({ status }) => status.state === "live");
}

export function podNames(store: ResourceStore): string[] {
  return [...store.get().rows.values()].map(({ object }) => object.metadata.name ?? "").toSorted();
}

/** How many lists or watches of all pods the server was asked for. */
export function podRequests(server: FakeApiServer, watch: boolean): number {
  return server.requests.filter(({ path, query }) => path === "/api/v1/pods" && query.has("watch") === watch).length;
}

/** Keeps a store running for the whole test. */
export function holdStore(cleanup: Cleanup, store: ResourceStore): ResourceStore {
  cleanup.add(store.subscribe(() => undefined));
  return store;
}
