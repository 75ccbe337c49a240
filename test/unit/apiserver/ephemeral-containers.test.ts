import { beforeEach, describe, expect, it } from "vitest";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { asRecords, asString, at, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";

const KEY = { namespace: "default", name: "web" };
const SUBRESOURCE = { subresource: "ephemeralcontainers" } as const;
const containers = [{ name: "main", image: "localhost/host" }];
const debugger1 = { name: "debugger-1", image: "localhost/host", targetContainerName: "main" };

describe("pods/ephemeralcontainers", () => {
  let registry: ClusterRegistry;
  beforeEach(async () => {
    registry = createRegistry({ store: await openStore(":memory:"), clock: systemClock, logger: silentLogger });
    await bootstrapNamespaces(registry);
    await registry.create(RESOURCES.pods, "default", { metadata: { name: "web" }, spec: { containers } });
  });

  const patch = (body: Json): Promise<KubeObject> =>
    registry.patch(RESOURCES.pods, KEY, "strategic", body, SUBRESOURCE);
  const add = (container: Json): Promise<KubeObject> => patch({ spec: { ephemeralContainers: [container] } });

  it("adds containers one after the other, with their defaults, and raises the generation", async () => {
    await add(debugger1);
    const pod = await add({ name: "debugger-2", image: "localhost/host" });
    const added = asRecords(at(pod, "spec", "ephemeralContainers"));
    expect(added.map((container) => asString(container["name"])).toSorted()).toEqual(["debugger-1", "debugger-2"]);
    expect(added.find((container) => container["name"] === "debugger-1")).toMatchObject({
      ...debugger1,
      terminationMessagePath: "/dev/termination-log",
    });
    expect(pod.metadata.generation).toBe(3);
  });

  it("changes nothing else of the pod", async () => {
    const pod = await patch({
      metadata: { labels: { sneaked: "in" } },
      spec: { activeDeadlineSeconds: 5, ephemeralContainers: [debugger1] },
    });
    expect(pod.metadata.labels).toBeUndefined();
    expect(at(pod, "spec", "activeDeadlineSeconds")).toBeUndefined();
  });

  it.each<[string, Json, string]>([
    ["changed", { spec: { ephemeralContainers: [{ name: "debugger-1", image: "another" }] } }, "may not be changed"],
    ["removed", { spec: { ephemeralContainers: null } }, "may not be removed"],
  ])("refuses that one is %s", async (_, body, words) => {
    await add(debugger1);
    await expect(patch(body)).rejects.toThrow(`existing ephemeral containers "debugger-1" ${words}`);
  });

  it.each<[string, Json, string]>([
    ["a target that is not there", { ...debugger1, targetContainerName: "no" }, 'targetContainerName: Not found: "no"'],
    [
      "ports",
      { ...debugger1, ports: [{ containerPort: 80 }] },
      "ports: Forbidden: cannot be set for an Ephemeral Container",
    ],
    ["the name of a container", { ...debugger1, name: "main" }, 'name: Duplicate value: "main"'],
    ["no image", { name: "debugger-1" }, "image: Required value"],
  ])("refuses %s", async (_, container, words) => {
    await expect(add(container)).rejects.toThrow(words);
  });

  it("is the only way: neither a new pod nor a change of one brings any", async () => {
    const spec = { containers, ephemeralContainers: [debugger1] };
    await expect(registry.create(RESOURCES.pods, "default", { metadata: { name: "other" }, spec })).rejects.toThrow(
      "spec.ephemeralContainers: Forbidden: cannot be set on create",
    );
    await expect(registry.patch(RESOURCES.pods, KEY, "merge", { spec })).rejects.toThrow("may not add or remove");
  });

  it("heeds the uid and the version of the request, and tries without writing", async () => {
    await expect(
      patch({ metadata: { uid: "another" }, spec: { ephemeralContainers: [debugger1] } }),
    ).rejects.toMatchObject({ code: 409 });
    const body = { spec: { ephemeralContainers: [debugger1] } };
    await registry.patch(RESOURCES.pods, KEY, "strategic", body, { ...SUBRESOURCE, dryRun: true });
    expect(at(await registry.get(RESOURCES.pods, KEY), "spec", "ephemeralContainers")).toBeUndefined();
  });

  it("takes a whole pod too", async () => {
    const pod = await registry.get(RESOURCES.pods, KEY);
    const spec = { containers: [], ephemeralContainers: [debugger1] };
    const changed = await registry.updateEphemeralContainers(RESOURCES.pods, KEY, { ...pod, spec });
    expect(at(changed, "spec", "containers", 0, "name")).toBe("main");
    expect(at(changed, "spec", "ephemeralContainers", 0, "name")).toBe("debugger-1");
  });
});
