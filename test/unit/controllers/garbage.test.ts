import { afterEach, expect, test } from "vitest";
import { at, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { deployment, isReady, pod, startTestCluster, type TestCluster } from "./cluster-harness.ts";

let cluster: TestCluster;
afterEach(() => cluster.dispose());

function count(): number {
  return [RESOURCES.deployments, RESOURCES.replicasets, RESOURCES.pods].reduce(
    (sum, resource) => sum + cluster.all(resource, "default").length,
    0,
  );
}

async function startWeb(replicas = 3): Promise<KubeObject> {
  cluster = await startTestCluster();
  const created = await cluster.apply(RESOURCES.deployments, deployment("web", { replicas }));
  await cluster.until("web runs", () => cluster.all(RESOURCES.pods).filter(isReady).length === replicas);
  return created;
}

function configMap(name: string, owners: readonly KubeObject[] = [], block = false): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: "default",
      ownerReferences: owners.map((owner) => ({
        apiVersion: owner.apiVersion ?? "",
        kind: owner.kind ?? "",
        name: owner.metadata.name ?? "",
        uid: owner.metadata.uid ?? "",
        blockOwnerDeletion: block,
      })),
    },
  };
}

const WEB = { namespace: "default", name: "web" };

test("deleting a deployment in the background takes its ReplicaSet and pods with it", async () => {
  await startWeb();
  await cluster.registry.delete(RESOURCES.deployments, WEB, { propagationPolicy: "Background" });
  await cluster.until("nothing is left", () => count() === 0);
});

test("in the foreground the owner goes last", async () => {
  await startWeb();
  cluster.kubelet.holdsTermination = true;
  await cluster.registry.delete(RESOURCES.deployments, WEB, { propagationPolicy: "Foreground" });
  await cluster.until("all pods are going", () =>
    cluster.all(RESOURCES.pods).every((each) => each.metadata.deletionTimestamp !== undefined),
  );
  expect(cluster.get(RESOURCES.deployments, "default/web")?.metadata.finalizers).toEqual(["foregroundDeletion"]);
  expect(cluster.all(RESOURCES.replicasets)).toHaveLength(1);
  await cluster.kubelet.release();
  await cluster.until("nothing is left", () => count() === 0);
  const order = [RESOURCES.pods, RESOURCES.replicasets, RESOURCES.deployments].map((resource) => {
    const [last] = cluster
      .history(resource)
      .filter(({ type }) => type === "DELETED")
      .slice(-1);
    return Number(last?.object.metadata.resourceVersion);
  });
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test("orphaned dependents stay without an owner and are adopted by a new deployment", async () => {
  await startWeb();
  const before = cluster.all(RESOURCES.pods).map((each) => each.metadata.uid);
  await cluster.registry.delete(RESOURCES.deployments, WEB, { propagationPolicy: "Orphan" });
  await cluster.until("the deployment is gone", () => cluster.all(RESOURCES.deployments).length === 0);
  expect(cluster.all(RESOURCES.replicasets)[0]?.metadata.ownerReferences ?? []).toEqual([]);
  const again = await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 3 }));
  await cluster.until(
    "the set is adopted",
    () => cluster.all(RESOURCES.replicasets)[0]?.metadata.ownerReferences?.[0]?.uid === again.metadata.uid,
  );
  await cluster.until(
    "status says three",
    () => at(cluster.get(RESOURCES.deployments, "default/web"), "status", "readyReplicas") === 3,
  );
  expect(cluster.all(RESOURCES.pods).map((each) => each.metadata.uid)).toEqual(before);
  expect(cluster.all(RESOURCES.replicasets)).toHaveLength(1);
});

test("an object with two owners goes with the last of them", async () => {
  cluster = await startTestCluster();
  const first = await cluster.apply(RESOURCES.configmaps, configMap("first"));
  const second = await cluster.apply(RESOURCES.configmaps, configMap("second"));
  await cluster.apply(RESOURCES.configmaps, configMap("child", [first, second]));
  await cluster.registry.delete(RESOURCES.configmaps, { namespace: "default", name: "first" });
  await cluster.until("one owner is left", () => {
    const owners = cluster.get(RESOURCES.configmaps, "default/child")?.metadata.ownerReferences;
    return owners?.length === 1 && owners[0]?.uid === second.metadata.uid;
  });
  await cluster.registry.delete(RESOURCES.configmaps, { namespace: "default", name: "second" });
  await cluster.until("the child is gone", () => cluster.get(RESOURCES.configmaps, "default/child") === undefined);
});

test("an owner of the same name but another uid is no owner", async () => {
  cluster = await startTestCluster();
  const owner = await cluster.apply(RESOURCES.configmaps, configMap("owner"));
  const impostor = { ...owner, metadata: { ...owner.metadata, uid: "00000000-0000-4000-8000-000000000000" } };
  await cluster.apply(RESOURCES.configmaps, configMap("child", [impostor]));
  await cluster.until(
    "the child has come and gone",
    () =>
      cluster.get(RESOURCES.configmaps, "default/child") === undefined &&
      cluster
        .history(RESOURCES.configmaps)
        .some(({ type, object }) => type === "DELETED" && object.metadata.name === "child"),
  );
  expect(cluster.get(RESOURCES.configmaps, "default/owner")).toBeDefined();
});

test("an object whose owner is of an unknown kind stays", async () => {
  cluster = await startTestCluster();
  const foreign = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w", uid: "1" } };
  await cluster.apply(RESOURCES.configmaps, configMap("child", [foreign]));
  const probe = await cluster.apply(RESOURCES.configmaps, configMap("probe"));
  await cluster.apply(RESOURCES.configmaps, configMap("probe-child", [probe]));
  await cluster.registry.delete(RESOURCES.configmaps, { namespace: "default", name: "probe" });
  await cluster.until(
    "the collector has been at work",
    () => cluster.get(RESOURCES.configmaps, "default/probe-child") === undefined,
  );
  expect(cluster.get(RESOURCES.configmaps, "default/child")).toBeDefined();
});

test("owners in a circle that are deleted in the foreground all go", async () => {
  cluster = await startTestCluster();
  const first = await cluster.apply(RESOURCES.configmaps, configMap("first"));
  const second = await cluster.apply(RESOURCES.configmaps, configMap("second", [first], true));
  const [reference] = configMap("x", [second], true).metadata.ownerReferences ?? [];
  const patch: Json = { metadata: { ownerReferences: [{ ...reference }] } };
  await cluster.patch(RESOURCES.configmaps, "default/first", patch);
  await cluster.registry.delete(
    RESOURCES.configmaps,
    { namespace: "default", name: "first" },
    { propagationPolicy: "Foreground" },
  );
  await cluster.until("both are gone", () =>
    ["first", "second"].every((name) => cluster.get(RESOURCES.configmaps, `default/${name}`) === undefined),
  );
});

test("a deleted namespace goes with everything in it, and nothing is made in it meanwhile", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  const inShop = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, namespace: "shop" },
  });
  await cluster.apply(RESOURCES.deployments, inShop(deployment("web")));
  await cluster.apply(RESOURCES.configmaps, inShop(configMap("settings")));
  await cluster.apply(RESOURCES.pods, inShop(pod("single")));
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  };
  await cluster.apply(RESOURCES.services, inShop(service));
  await cluster.until("all runs", () => cluster.all(RESOURCES.pods, "shop").filter(isReady).length === 4);
  cluster.kubelet.holdsTermination = true;
  await cluster.registry.delete(RESOURCES.namespaces, { namespace: "", name: "shop" });
  await cluster.until("it says what it waits for", () => {
    const conditions = at(cluster.get(RESOURCES.namespaces, "shop"), "status", "conditions");
    return (
      Array.isArray(conditions) &&
      conditions.some(
        (each) =>
          each.reason === "SomeResourcesRemain" &&
          each.message === "Some resources are remaining: pods. has 4 resource instances",
      )
    );
  });
  expect(at(cluster.get(RESOURCES.namespaces, "shop"), "status", "phase")).toBe("Terminating");
  await cluster.kubelet.release();
  await cluster.until("the namespace is gone", () => cluster.get(RESOURCES.namespaces, "shop") === undefined);
  const left = cluster.registry
    .resources()
    .filter((resource) => resource.namespaced && resource.verbs.includes("watch"))
    .flatMap((resource) => cluster.all(resource, "shop"));
  expect(left).toEqual([]);
});

test("every namespace has the service account default, again when it is deleted", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  await cluster.until("it is there", () => cluster.get(RESOURCES.serviceaccounts, "shop/default") !== undefined);
  const uid = cluster.get(RESOURCES.serviceaccounts, "shop/default")?.metadata.uid;
  await cluster.registry.delete(RESOURCES.serviceaccounts, { namespace: "shop", name: "default" });
  await cluster.until("it is back", () => {
    const account = cluster.get(RESOURCES.serviceaccounts, "shop/default");
    return account !== undefined && account.metadata.uid !== uid;
  });
});
