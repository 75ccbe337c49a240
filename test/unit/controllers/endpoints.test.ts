import { afterEach, expect, test } from "vitest";
import { asRecords, asString, at, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { reconcileSlices } from "../../../src/embedded/controllers/endpoints/endpoint-slices.ts";
import { endpointSubsets } from "../../../src/embedded/controllers/endpoints/endpoint-subsets.ts";
import { backendsOf, type Backend } from "../../../src/embedded/controllers/endpoints/service-backends.ts";
import { isReady, pod, startTestCluster, turns, type TestCluster } from "./cluster-harness.ts";

let cluster: TestCluster | undefined;
afterEach(() => {
  cluster?.dispose();
  cluster = undefined;
});

function service(spec: Readonly<Record<string, Json>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default", uid: "service", labels: { tier: "front" } },
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }], ...spec },
  };
}

function endpoints(of: TestCluster): readonly Readonly<Record<string, unknown>>[] {
  return of.all(RESOURCES.endpointslices, "default").flatMap((slice) => asRecords(slice["endpoints"]));
}

function subsets(of: TestCluster): readonly Readonly<Record<string, unknown>>[] {
  return asRecords(of.get(RESOURCES.endpoints, "default/web")?.["subsets"]);
}

const LABELS = { app: "web" };

test("Endpoints have the same order of addresses whatever the order of the pods", () => {
  const backend = (ip: string): Backend => ({
    pod: { metadata: { name: ip } },
    addresses: [ip],
    hostname: undefined,
    nodeName: "",
    ready: true,
    serving: true,
    terminating: false,
    ports: [{ name: "", port: 80, protocol: "TCP" }],
  });
  const [first, second, third] = ["10.244.0.10", "10.244.0.3", "10.244.0.20"].map(backend);
  const ips = (backends: readonly (Backend | undefined)[]): unknown =>
    asRecords(
      at(
        endpointSubsets(
          service(),
          backends.filter((each) => each !== undefined),
        )[0],
        "addresses",
      ),
    ).map((each) => each["ip"]);
  // As text, as upstream compares them.
  expect(ips([first, second, third])).toEqual(["10.244.0.10", "10.244.0.20", "10.244.0.3"]);
  expect(ips([third, second, first])).toEqual(ips([first, second, third]));
});

test("a service lists its ready pods in one slice and in its Endpoints", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.services, service());
  await here.until("an empty slice is there", () => here.all(RESOURCES.endpointslices, "default").length === 1);
  for (const name of ["a", "b"]) await here.apply(RESOURCES.pods, pod(name, {}, LABELS));
  await here.apply(RESOURCES.pods, pod("other", {}, { app: "other" }));
  await here.until(
    "two are ready",
    () => endpoints(here).filter((each) => at(each, "conditions", "ready") === true).length === 2,
  );
  const slices = here.all(RESOURCES.endpointslices, "default");
  const addresses = here.all(RESOURCES.pods).filter((each) => each.metadata.labels?.["app"] === "web");
  expect(slices).toHaveLength(1);
  expect(slices[0]).toMatchObject({
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    metadata: {
      labels: {
        tier: "front",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      },
      ownerReferences: [{ kind: "Service", name: "web", controller: true }],
    },
  });
  expect(slices[0]?.metadata.name).toMatch(/^web-/);
  expect(endpoints(here)[0]).toMatchObject({ nodeName: "node-1", targetRef: { kind: "Pod", namespace: "default" } });
  await here.until("Endpoints have them too", () => asRecords(subsets(here)[0]?.["addresses"]).length === 2);
  expect(asRecords(subsets(here)[0]?.["addresses"]).map((each) => each["ip"])).toEqual(
    addresses.map((each) => asString(at(each, "status", "podIP"))).toSorted((a, b) => (a < b ? -1 : 1)),
  );
});

test("a pod that is not ready, then ready, then going is told apart", async () => {
  const here = (cluster = await startTestCluster({ becomesReady: () => false }));
  await here.apply(RESOURCES.services, service());
  await here.apply(RESOURCES.pods, pod("a", {}, LABELS));
  const conditions = (): unknown => endpoints(here)[0]?.["conditions"];
  await here.until("it is listed", () => at(conditions(), "ready") === false);
  expect(conditions()).toEqual({ ready: false, serving: false, terminating: false });
  await here.until("Endpoints say not ready", () => asRecords(subsets(here)[0]?.["notReadyAddresses"]).length === 1);
  await here.kubelet.makeReady(() => true);
  await here.until("it is ready", () => at(conditions(), "ready") === true);
  here.kubelet.holdsTermination = true;
  await here.registry.delete(RESOURCES.pods, { namespace: "default", name: "a" });
  await here.until("it is going", () => at(conditions(), "terminating") === true);
  expect(conditions()).toEqual({ ready: false, serving: true, terminating: true });
  await here.until("Endpoints have dropped it", () => subsets(here).length === 0);
  await here.kubelet.release();
  await here.until("it is gone", () => endpoints(here).length === 0);
  expect(here.all(RESOURCES.endpointslices, "default")).toHaveLength(1);
});

test("deleting the service takes slices and Endpoints with it", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.services, service());
  await here.apply(RESOURCES.pods, pod("a", {}, LABELS));
  await here.until("it is listed", () => endpoints(here).length === 1 && here.all(RESOURCES.pods).every(isReady));
  await here.registry.delete(RESOURCES.services, { namespace: "default", name: "web" });
  await here.until(
    "nothing is left",
    () =>
      here.all(RESOURCES.endpointslices, "default").length === 0 &&
      here.get(RESOURCES.endpoints, "default/web") === undefined,
  );
});

test("a slice that somebody deletes comes back", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.services, service());
  await here.apply(RESOURCES.pods, pod("a", {}, LABELS));
  await here.until("it is listed", () => endpoints(here).length === 1);
  const [slice] = here.all(RESOURCES.endpointslices, "default");
  await here.registry.delete(RESOURCES.endpointslices, { namespace: "default", name: slice?.metadata.name ?? "" });
  await here.until("another lists it", () => {
    const [other] = here.all(RESOURCES.endpointslices, "default");
    return other !== undefined && other.metadata.uid !== slice?.metadata.uid && endpoints(here).length === 1;
  });
});

test("a slice whose creation is heard of late is not made twice", async () => {
  const here = (cluster = await startTestCluster({ late: [RESOURCES.endpointslices] }));
  await here.apply(RESOURCES.services, service());
  await here.until("a slice is made", () => here.all(RESOURCES.endpointslices, "default").length === 1);
  await here.apply(RESOURCES.pods, pod("a", {}, LABELS));
  await here.until("the pod is ready", () => here.all(RESOURCES.pods).every(isReady));
  await turns();
  expect(here.all(RESOURCES.endpointslices, "default")).toHaveLength(1);
  here.deliver();
  await here.until("the pod is listed", () => endpoints(here).length === 1);
  expect(here.all(RESOURCES.endpointslices, "default")).toHaveLength(1);
});

function runningPod(index: number, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  const name = `pod-${String(index).padStart(4, "0")}`;
  return {
    metadata: { name, namespace: "default", uid: `uid-${index}`, labels: LABELS },
    spec: { nodeName: "node-1", containers: [], ...spec },
    status: {
      phase: "Running",
      podIP: `10.244.${Math.floor(index / 250)}.${index % 250}`,
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
}

function withName(object: KubeObject, name: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, name } };
}

function lengths(slices: readonly KubeObject[]): readonly number[] {
  return slices.map((slice) => asRecords(slice["endpoints"]).length);
}

test("slices hold at most 100 endpoints, and an endpoint stays where it is", () => {
  const pods = Array.from({ length: 250 }, (_, index) => runningPod(index));
  const made = reconcileSlices(service(), backendsOf(service(), pods), []);
  expect(lengths(made.create)).toEqual([100, 100, 50]);
  const slices = made.create.map((slice, index) => withName(slice, `s${index}`));
  expect(reconcileSlices(service(), backendsOf(service(), pods), slices)).toEqual({
    create: [],
    update: [],
    delete: [],
  });
  // One pod less of the first slice and ten more: only the first and the last change.
  const next = [...pods.slice(1), ...Array.from({ length: 10 }, (_, index) => runningPod(300 + index))];
  const changed = reconcileSlices(service(), backendsOf(service(), next), slices);
  expect(changed.create).toEqual([]);
  expect(changed.update.map((slice) => slice.metadata.name)).toEqual(["s0", "s2"]);
  expect(lengths(changed.update).reduce((sum, length) => sum + length, 0)).toBe(159);
});

test("a named target port is looked up in each pod, and pods with other numbers get their own slice", () => {
  const named = service({ ports: [{ name: "http", port: 80, targetPort: "web" }] });
  const container = (port: number): unknown => [{ ports: [{ name: "web", containerPort: port, protocol: "TCP" }] }];
  const pods = [
    runningPod(1, { containers: container(8080) }),
    runningPod(2, { containers: container(9090) }),
    runningPod(3),
  ];
  const { create } = reconcileSlices(named, backendsOf(named, pods), []);
  const ports = create.map((slice) => asRecords(slice["ports"]).map((port) => port["port"]));
  expect(ports).toEqual([[8080], [9090], []]);
});

test("publishNotReadyAddresses makes every pod ready, and hostnames are given under the subdomain", () => {
  const headless = service({ clusterIP: "None", publishNotReadyAddresses: true });
  const starting = {
    ...runningPod(1, { hostname: "db-0", subdomain: "web" }),
    status: { phase: "Pending", podIP: "10.0.0.1" },
  };
  const [slice] = reconcileSlices(headless, backendsOf(headless, [starting]), []).create;
  expect(asRecords(slice?.["endpoints"])[0]).toMatchObject({
    hostname: "db-0",
    conditions: { ready: true, serving: false },
  });
  expect(slice?.metadata.labels).toHaveProperty(["service.kubernetes.io/headless"], "");
});

test.each<[string, Readonly<Record<string, Json>>]>([
  ["has no selector", { selector: {} }],
  ["is an ExternalName", { type: "ExternalName", externalName: "example.com" }],
])("a service that %s has no backends", (_why, spec) => {
  expect(backendsOf(service(spec), [runningPod(1)])).toEqual([]);
});
