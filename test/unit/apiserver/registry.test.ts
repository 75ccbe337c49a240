import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { RESOURCES, type WatchEvent } from "../../../src/embedded/machinery/registry.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";

async function newRegistry(): Promise<ClusterRegistry> {
  const registry = createRegistry({ store: await openStore(":memory:"), clock: systemClock, logger: silentLogger });
  await bootstrapNamespaces(registry);
  return registry;
}

const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({ metadata: { name }, data });
const pod = (name: string, spec: Record<string, unknown> = {}): KubeObject => ({
  metadata: { name },
  spec: { containers: [{ name: "main", image: "localhost/host" }], ...spec },
});
const key = (name: string) => ({ namespace: "default", name });

describe("the registry", () => {
  it("gives a new object a uid, times and a resourceVersion that grows", async () => {
    const registry = await newRegistry();
    const first = await registry.create(RESOURCES.configmaps, "default", configMap("one"));
    const second = await registry.create(RESOURCES.configmaps, "default", configMap("two"));
    expect(first.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  });

  it("refuses a second object of the same name and an object in a namespace that does not exist", async () => {
    const registry = await newRegistry();
    await registry.create(RESOURCES.configmaps, "default", configMap("one"));
    await expect(registry.create(RESOURCES.configmaps, "default", configMap("one"))).rejects.toThrow(
      'configmaps "one" already exists',
    );
    await expect(registry.create(RESOURCES.configmaps, "nowhere", configMap("one"))).rejects.toThrow(
      'namespaces "nowhere" not found',
    );
  });

  it("refuses an update of an old version and does not store one that changes nothing", async () => {
    const registry = await newRegistry();
    const first = await registry.create(RESOURCES.configmaps, "default", configMap("one"));
    const second = await registry.update(RESOURCES.configmaps, key("one"), { ...first, data: { a: "b" } });
    await expect(registry.update(RESOURCES.configmaps, key("one"), { ...first, data: {} })).rejects.toThrow(
      "the object has been modified; please apply your changes to the latest version and try again",
    );
    const same = await registry.update(RESOURCES.configmaps, key("one"), second);
    expect(same.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
  });

  it("raises the generation with the spec and not with the status", async () => {
    const registry = await newRegistry();
    const created = await registry.create(RESOURCES.pods, "default", pod("web"));
    expect(created.metadata.generation).toBe(1);
    const running = await registry.updateStatus(RESOURCES.pods, key("web"), {
      ...created,
      status: { phase: "Running" },
    });
    expect(running.metadata.generation).toBe(1);
    expect(at(running, "status", "phase")).toBe("Running");
    const updated = await registry.update(RESOURCES.pods, key("web"), {
      ...running,
      spec: { ...Object(running["spec"]), activeDeadlineSeconds: 5 },
      status: { phase: "Failed" },
    });
    expect(updated.metadata.generation).toBe(2);
    expect(at(updated, "status", "phase")).toBe("Running");
  });

  it("keeps a bound pod with a deletionTimestamp until it is deleted with grace 0", async () => {
    const registry = await newRegistry();
    await registry.create(RESOURCES.pods, "default", pod("web"));
    await registry.bindPod(key("web"), "node");
    const first = await registry.remove(RESOURCES.pods, key("web"));
    expect(first.removed).toBe(false);
    expect(first.object.metadata.deletionGracePeriodSeconds).toBe(30);
    const last = await registry.remove(RESOURCES.pods, key("web"), { gracePeriodSeconds: 0 });
    expect(last.removed).toBe(true);
    await expect(registry.get(RESOURCES.pods, key("web"))).rejects.toThrow('pods "web" not found');
  });

  it("removes an object when its last finalizer goes", async () => {
    const registry = await newRegistry();
    const created = await registry.create(RESOURCES.configmaps, "default", {
      metadata: { name: "held", finalizers: ["example.com/hold"] },
    });
    const { removed, object } = await registry.remove(RESOURCES.configmaps, key("held"));
    expect(removed).toBe(false);
    expect(object.metadata.deletionTimestamp).toBeDefined();
    expect(created.metadata.deletionTimestamp).toBeUndefined();
    await registry.patch(RESOURCES.configmaps, key("held"), "merge", { metadata: { finalizers: null } });
    await expect(registry.get(RESOURCES.configmaps, key("held"))).rejects.toThrow("not found");
  });

  it("lets a namespace terminate: no new content, gone when finalized", async () => {
    const registry = await newRegistry();
    await registry.create(RESOURCES.namespaces, "", { metadata: { name: "shop" } });
    const { object } = await registry.remove(RESOURCES.namespaces, { namespace: "", name: "shop" });
    expect(at(object, "status", "phase")).toBe("Terminating");
    await expect(registry.create(RESOURCES.configmaps, "shop", configMap("late"))).rejects.toThrow(
      'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated',
    );
    await registry.finalizeNamespace("shop", []);
    await expect(registry.get(RESOURCES.namespaces, { namespace: "", name: "shop" })).rejects.toThrow("not found");
  });

  it("watches a selection: an object that leaves it is deleted for the watcher", async () => {
    const registry = await newRegistry();
    await registry.create(RESOURCES.configmaps, "default", { metadata: { name: "a", labels: { app: "web" } } });
    const events: string[] = [];
    const controller = new AbortController();
    registry.watch(
      RESOURCES.configmaps,
      { namespace: "default", labelSelector: [{ key: "app", operator: "In", values: ["web"] }] },
      {
        event: ({ type, object }: WatchEvent) => events.push(`${type} ${object.metadata.name}`),
        synced: () => events.push("synced"),
      },
      controller.signal,
    );
    await registry.create(RESOURCES.configmaps, "default", { metadata: { name: "b", labels: { app: "web" } } });
    await registry.patch(RESOURCES.configmaps, key("a"), "merge", { metadata: { labels: { app: "db" } } });
    await registry.delete(RESOURCES.configmaps, key("b"));
    controller.abort();
    await registry.create(RESOURCES.configmaps, "default", { metadata: { name: "c", labels: { app: "web" } } });
    expect(events).toEqual(["ADDED a", "synced", "ADDED b", "DELETED a", "DELETED b"]);
  });

  it("gives services addresses of their own and keeps them over updates", async () => {
    const registry = await newRegistry();
    const service = (name: string, spec = {}): KubeObject => ({
      metadata: { name },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    const one = await registry.create(RESOURCES.services, "default", service("one"));
    const ip = at(one, "spec", "clusterIP");
    expect(ip).toMatch(/^10\.96\.\d+\.\d+$/);
    const updated = await registry.update(RESOURCES.services, key("one"), service("one", { ports: [{ port: 81 }] }));
    expect(at(updated, "spec", "clusterIP")).toBe(ip);
    await expect(registry.create(RESOURCES.services, "default", service("two", { clusterIP: ip }))).rejects.toThrow(
      "provided IP is already allocated",
    );
  });

  it("shares one transaction between writes of one turn and loses none of them", async () => {
    const registry = await newRegistry();
    const names = Array.from({ length: 200 }, (_, index) => `map-${index}`);
    await Promise.all(names.map((name) => registry.create(RESOURCES.configmaps, "default", configMap(name))));
    const { items } = await registry.list(RESOURCES.configmaps, { namespace: "default" });
    expect(new Set(items.map((item) => item.metadata.name))).toEqual(new Set(names));
  });
});
