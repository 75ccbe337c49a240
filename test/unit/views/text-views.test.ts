import { afterEach, expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { dataView } from "../../../src/views/data/view.ts";
import { describeView } from "../../../src/views/describe/view.ts";
import { yamlView } from "../../../src/views/yaml/view.ts";
import type { View, ViewDefinition } from "../../../src/views/view.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { recordingHost, targetOf, textOf, viewText, type RecordingHost } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "keys", namespace: "default", uid: "uid-keys", creationTimestamp: "2026-01-01T00:00:00Z" },
  type: "Opaque",
  data: { password: base64("hunter2") },
};

interface Opened {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly view: View;
  readonly host: RecordingHost;
}

async function openOn(definition: ViewDefinition, resource: string, object?: KubeObject): Promise<Opened> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 2 });
  if (object !== undefined) server.push(object);
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const found = object ?? (await cluster.list(server.resource(resource), { namespace: "default" }))[0];
  if (found === undefined) throw new Error(`the fake server has no ${resource}`);
  const host = recordingHost(cluster);
  const view = definition.create(host.host, { target: targetOf(server, resource, found) });
  cleanup.add(() => view.dispose());
  view.show();
  return { server, cluster, view, host };
}

test("a description follows its object and its events, and stays when the object is gone", async () => {
  const { server, view, host } = await openOn(describeView, "pods");
  const target = view.selection().cursor;
  const first = await viewText(view, host, (text) => /Events: +<none>/.test(text));
  expect(first).toContain(`Name:             ${target?.name}`);
  server.push({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e1", namespace: "default", uid: "e1", creationTimestamp: "2026-01-01T00:00:00Z" },
    involvedObject: { kind: "Pod", name: target?.name, namespace: "default", uid: target?.uid },
    type: "Warning",
    reason: "BackOff",
    message: "back-off restarting",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
  });
  await viewText(view, host, (text) => /Warning +BackOff .*back-off restarting/.test(text));
  if (target === undefined) throw new Error("the view has no object");
  server.remove(target.object);
  await eventually(view.title, (title) => title.notes?.includes("deleted") === true);
  expect(await textOf(view, host)).toContain(target.name);
});

test("events of an earlier object of the same name are left out", async () => {
  const { server, view, host } = await openOn(describeView, "pods");
  const target = view.selection().cursor;
  const event = (name: string, uid: string | undefined): KubeObject => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default", uid: name, creationTimestamp: "2026-01-01T00:00:00Z" },
    involvedObject: { kind: "Pod", name: target?.name, namespace: "default", uid },
    type: "Normal",
    reason: name,
    message: "said",
    lastTimestamp: "2026-01-01T00:00:00Z",
  });
  server.push(event("Stranger", "another-uid"));
  server.push(event("Own", target?.uid));
  const text = await viewText(view, host, (now) => now.includes("Own"));
  expect(text).not.toContain("Stranger");
});

test("a user who may read an object but not list its kind sees it all the same", async () => {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 1 });
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const [pod] = await cluster.list(server.resource("pods"), {});
  if (pod === undefined) throw new Error("the fake server has no pods");
  server.deny("list", "pods", "*");
  server.deny("watch", "pods", "*");
  const host = recordingHost(cluster);
  const target = { ...targetOf(server, "pods", pod), object: { metadata: pod.metadata } };
  const view = describeView.create(host.host, { target });
  cleanup.add(() => view.dispose());
  view.show();
  const text = await viewText(view, host, (now) => now.includes("Containers:"));
  expect(text).toContain(pod.metadata.name);
  expect(view.freshness.get()).toEqual({ state: "live", mode: "poll" });
});

test("the YAML of a secret shows its values only while they are decoded, and follows changes", async () => {
  const { server, view, host } = await openOn(yamlView, "secrets", secret);
  const masked = await viewText(view, host, (text) => text.includes("masked"));
  expect(masked).not.toContain("hunter2");
  view.command("text.decode");
  expect(await textOf(view, host)).toContain("password: hunter2");
  server.push({ ...secret, data: { password: base64("correct horse") } });
  await viewText(view, host, (text) => text.includes("password: correct horse"));
  view.command("text.decode");
  expect(await textOf(view, host)).not.toContain("correct horse");
});

test("managed fields are left out until they are asked for", async () => {
  const managed: KubeObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "conf",
      namespace: "default",
      uid: "uid-conf",
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [{ manager: "kubectl", operation: "Update" }],
    },
    data: { a: "1" },
  };
  const { view, host } = await openOn(yamlView, "configmaps", managed);
  const text = await viewText(view, host, (now) => now.includes("data:"));
  expect(text).not.toContain("managedFields");
  view.command("text.managed-fields");
  await viewText(view, host, (now) => now.includes("manager: kubectl"));
});

test("one revealed value of a secret leaves the others masked", async () => {
  const two: KubeObject = { ...secret, data: { a: base64("first value"), b: base64("second value") } };
  const { view, host } = await openOn(dataView, "secrets", two);
  await eventually(view.title, (title) => title.count === "2");
  expect(view.title.get().notes).toContain("masked");
  view.command("move.down");
  view.command("data.reveal");
  expect(view.title.get().notes).toContain("1 revealed");
  view.command("open");
  expect(host.opened.at(-1)).toMatchObject({ view: "value", parameters: { key: "b", revealed: true } });
  view.command("move.up");
  view.command("open");
  expect(host.opened.at(-1)).toMatchObject({ view: "value", parameters: { key: "a", revealed: false } });
});
