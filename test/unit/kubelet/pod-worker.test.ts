import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import type { ManualClock } from "./manual-clock.ts";
import type { ScriptedRuntime } from "./scripted-runtime.ts";
import { conditionOf, containerOf, scriptedNode, stateOf, type TestNode } from "./test-node.ts";

const web = { name: "web", image: "localhost/host:1", command: ["serve"] };

describe("a pod worker", () => {
  let node: TestNode<ScriptedRuntime, ManualClock>;

  beforeEach(async () => {
    node = await scriptedNode();
  });
  afterEach(() => node.dispose());

  it("runs a pod and says so in its status", async () => {
    await node.create("web", { containers: [web] });
    const pod = await node.untilReady("web");
    expect(at(pod, "status")).toMatchObject({
      phase: "Running",
      podIP: "10.244.0.2",
      podIPs: [{ ip: "10.244.0.2" }],
      startTime: "2026-01-01T00:00:00Z",
      qosClass: "BestEffort",
      observedGeneration: 1,
    });
    expect(containerOf(pod, "web")).toMatchObject({
      state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
      lastState: {},
      ready: true,
      started: true,
      restartCount: 0,
      image: "localhost/host:1",
      imageID: "sha256:localhost/host:1",
      containerID: `kelpie://${node.runtime.find("web").id}`,
    });
    for (const type of ["PodReadyToStartContainers", "Initialized", "ContainersReady"]) {
      expect(conditionOf(pod, type)["status"], type).toBe("True");
    }
    await node.untilEvent("Started container web");
    expect(await node.events()).toEqual([
      'Normal Pulled Container image "localhost/host:1" already present on machine',
      "Normal Created Created container: web",
      "Normal Started Started container web",
    ]);
  });

  it("adds ephemeral containers to a pod that runs, backs off from images that cannot be had, restarts none", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    node.runtime.brokenImages.add("broken:1");
    const look = { name: "look", image: "localhost/host:1", command: ["sh"], targetContainerName: "web" };
    const spec = { ephemeralContainers: [look, { name: "broken", image: "broken:1" }] };
    const options = { subresource: "ephemeralcontainers" } as const;
    await node.registry.patch(RESOURCES.pods, { namespace: "default", name: "web" }, "strategic", { spec }, options);
    const states = (pod: KubeObject): unknown => at(pod, "status", "ephemeralContainerStatuses");
    await node.until("web", (pod) => JSON.stringify(states(pod) ?? "").includes("ErrImagePull"));
    expect(node.runtime.specs.get(node.runtime.find("look").id)?.processesOf).toBe(node.runtime.find("web").id);
    node.runtime.exit("look", 0);
    const pod = await node.until("web", (seen) => JSON.stringify(states(seen)).includes("Completed"));
    expect(at(pod, "status", "phase")).toBe("Running");
    expect(conditionOf(pod, "Ready")["status"]).toBe("True");
    expect(node.runtime.calls.filter((call) => call === "start look")).toHaveLength(1);
  });

  it("completes a pod whose containers end well and are not to be restarted", async () => {
    await node.create("job", { restartPolicy: "OnFailure", containers: [web] });
    await node.untilReady("job");
    node.runtime.exit("web", 0);
    const pod = await node.untilPhase("job", "Succeeded");
    expect(stateOf(pod, "web")).toBe("terminated Completed 0");
    expect(conditionOf(pod, "Ready")).toMatchObject({ status: "False", reason: "PodCompleted" });
    expect(node.runtime.calls.filter((call) => call === "start web")).toHaveLength(1);
  });

  it("fails a pod whose container ends with an error and must not be restarted", async () => {
    await node.create("job", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("job");
    node.runtime.exit("web", 3);
    const pod = await node.untilPhase("job", "Failed");
    expect(stateOf(pod, "web")).toBe("terminated Error 3");
    expect(conditionOf(pod, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
  });

  it("says that a container was killed for its memory", async () => {
    await node.create("job", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("job");
    node.runtime.exit("web", 137, { oomKilled: true });
    expect(stateOf(await node.untilPhase("job", "Failed"), "web")).toBe("terminated OOMKilled 137");
  });

  it("restarts at once after the first failure, then backs off 10 and 20 seconds", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    node.runtime.exit("web", 1);
    let pod = await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 1);
    expect(at(containerOf(pod, "web"), "lastState", "terminated", "exitCode")).toBe(1);

    node.runtime.exit("web", 1);
    pod = await node.until("web", (seen) => stateOf(seen, "web") === "waiting CrashLoopBackOff");
    expect(at(containerOf(pod, "web"), "state", "waiting", "message")).toBe(
      `back-off 10s restarting failed container=web pod=web_default(${pod.metadata.uid})`,
    );
    expect(at(pod, "status", "phase")).toBe("Running");
    await node.untilEvent(`Back-off restarting failed container web in pod web_default(${pod.metadata.uid})`);
    node.clock.advance(9_999);
    expect(node.runtime.find("web").attempt).toBe(1);
    node.clock.advance(1);
    await node.until(
      "web",
      (seen) => containerOf(seen, "web")["restartCount"] === 2 && stateOf(seen, "web") === "running",
    );

    node.runtime.exit("web", 1);
    pod = await node.until("web", (seen) => stateOf(seen, "web") === "waiting CrashLoopBackOff");
    expect(String(at(containerOf(pod, "web"), "state", "waiting", "message"))).toContain("back-off 20s");
    node.clock.advance(20_000);
    await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 3);
  });

  it("runs init containers one after the other before the main ones", async () => {
    const init = (name: string) => ({ name, image: "localhost/host:1" });
    await node.create("web", { initContainers: [init("one"), init("two")], containers: [web] });
    let pod = await node.until("web", (seen) => stateOf(seen, "one") === "running");
    expect(stateOf(pod, "web")).toBe("waiting PodInitializing");
    expect(conditionOf(pod, "Initialized")).toMatchObject({
      status: "False",
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [one two]",
    });
    node.runtime.exit("one", 0);
    await node.until("web", (seen) => stateOf(seen, "two") === "running");
    node.runtime.exit("two", 0);
    pod = await node.untilReady("web");
    expect(node.runtime.calls).toEqual(["start one", "start two", "start web"]);
    expect(conditionOf(pod, "Initialized")["status"]).toBe("True");
    expect(stateOf(pod, "one")).toBe("terminated Completed 0");
  });

  it("fails a pod that must not restart when an init container fails", async () => {
    const init = { name: "one", image: "localhost/host:1" };
    await node.create("web", { restartPolicy: "Never", initContainers: [init], containers: [web] });
    await node.until("web", (seen) => stateOf(seen, "one") === "running");
    node.runtime.exit("one", 1);
    const pod = await node.untilPhase("web", "Failed");
    expect(stateOf(pod, "web")).toBe("waiting PodInitializing");
  });

  it("starts a sidecar before the main container and stops it after", async () => {
    const sidecar = { name: "proxy", image: "localhost/host:1", restartPolicy: "Always" };
    await node.create("job", { restartPolicy: "Never", initContainers: [sidecar], containers: [web] });
    await node.untilReady("job");
    expect(node.runtime.calls).toEqual(["start proxy", "start web"]);
    node.runtime.exit("web", 0);
    const pod = await node.untilPhase("job", "Succeeded");
    expect(stateOf(pod, "proxy")).toBe("terminated Error 143");
  });

  it("stops a deleted pod gracefully, runs its preStop hook and then deletes the object", async () => {
    const lifecycle = { preStop: { exec: { command: ["drain", "now"] } } };
    await node.create("web", { terminationGracePeriodSeconds: 7, containers: [{ ...web, lifecycle }] });
    await node.untilReady("web");
    await node.delete("web");
    await node.untilGone("web");
    expect(node.runtime.execs).toEqual(["web: drain now"]);
    expect(node.runtime.calls).toContain("stop web SIGTERM 7000");
    expect(node.runtime.sandboxes.size).toBe(0);
    expect(await node.events()).toContain("Normal Killing Stopping container web");
  });

  it("restarts a container whose postStart hook fails", async () => {
    node.runtime.execCodes.set("warm", 1);
    const lifecycle = { postStart: { exec: { command: ["warm"] } } };
    await node.create("web", { containers: [{ ...web, lifecycle }] });
    await node.untilEvent("FailedPostStartHook PostStartHook failed: ran warm");
    node.runtime.execCodes.set("warm", 0);
    await node.until("web", (pod) => stateOf(pod, "web") === "waiting CrashLoopBackOff");
    node.clock.advance(10_000);
    await node.untilReady("web");
  });

  it("does not let a hanging postStart hook hold up the deletion", async () => {
    node.runtime.execCodes.set("warm", -1);
    const lifecycle = { postStart: { exec: { command: ["warm"] } } };
    await node.create("web", { containers: [{ ...web, lifecycle }] });
    const pod = await node.until("web", (seen) => stateOf(seen, "web") === "running");
    expect(containerOf(pod, "web")).toMatchObject({ started: false, ready: false });
    await node.delete("web");
    await node.untilGone("web");
  });

  it("runs two pods of the same name one after the other", async () => {
    node.runtime.stubborn.add("web");
    await node.create("web", { containers: [web] });
    const first = await node.untilReady("web");
    await node.delete("web", 0);
    const second = await node.create("web", { containers: [web] });
    const ready = await node.until(
      "web",
      (seen) => seen.metadata.uid === second.metadata.uid && conditionOf(seen, "Ready")["status"] === "True",
    );
    expect(ready.metadata.uid).not.toBe(first.metadata.uid);
    expect(node.runtime.sandboxes.has(second.metadata.uid ?? "")).toBe(true);
  });

  it("says which settings it cannot honour", async () => {
    const ports = [{ containerPort: 80, hostPort: 80 }];
    await node.create("web", {
      hostPID: true,
      volumes: [{ name: "fast", emptyDir: { medium: "Memory" } }],
      containers: [{ ...web, ports }],
    });
    await node.untilEvent(
      "UnsupportedSettings kelpie's runtime does not support these settings and runs the pod without them: hostPID, emptyDir.medium of volume fast, hostPort of container web",
    );
  });

  it("hurries when a second deletion grants less time", async () => {
    node.runtime.stubborn.add("web");
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    await node.delete("web");
    await node.untilEvent("Stopping container web");
    expect((await node.get("web")).metadata.deletionGracePeriodSeconds).toBe(30);
    await node.delete("web", 1);
    await node.untilGone("web");
    expect(node.runtime.calls.filter((call) => call.startsWith("stop"))).toEqual([
      "stop web SIGTERM 30000",
      "stop web SIGTERM 1000",
    ]);
  });

  it("stops the containers of a pod that is deleted by force", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    await node.delete("web", 0);
    await node.untilGone("web");
    await node.runtime.untilEmpty();
    expect(node.runtime.calls).toContain("stop web SIGTERM 1000");
  });

  it("says why an image cannot be had and tries again later", async () => {
    node.runtime.brokenImages.add("example.com/nothing:1");
    await node.create("web", { containers: [{ ...web, image: "example.com/nothing:1" }] });
    let pod = await node.until("web", (seen) => stateOf(seen, "web") === "waiting ErrImagePull");
    expect(at(pod, "status", "phase")).toBe("Pending");
    node.clock.advance(2000);
    pod = await node.until("web", (seen) => stateOf(seen, "web") === "waiting ImagePullBackOff");
    expect(String(at(containerOf(pod, "web"), "state", "waiting", "message"))).toContain(
      'Back-off pulling image "example.com/nothing:1"',
    );
    node.runtime.brokenImages.clear();
    node.clock.advance(8000);
    await node.untilReady("web");
  });

  it("waits for a missing config map and goes on when it comes", async () => {
    const env = [{ name: "COLOUR", valueFrom: { configMapKeyRef: { name: "settings", key: "colour" } } }];
    await node.create("web", { containers: [{ ...web, env }] });
    const pod = await node.until("web", (seen) => stateOf(seen, "web") === "waiting CreateContainerConfigError");
    expect(at(containerOf(pod, "web"), "state", "waiting", "message")).toBe('configmap "settings" not found');
    const settings = { metadata: { name: "settings" }, data: { colour: "green" } };
    await node.registry.create(RESOURCES.configmaps, "default", settings);
    await node.untilReady("web");
    expect(new Map(node.runtime.specs.get(node.runtime.find("web").id)?.env).get("COLOUR")).toBe("green");
  });

  it("shows a container that cannot be started, with exit code 128", async () => {
    node.runtime.failingStarts.add("web");
    await node.create("web", { restartPolicy: "Never", containers: [web] });
    const pod = await node.untilPhase("web", "Failed");
    expect(stateOf(pod, "web")).toBe("terminated StartError 128");
  });

  it("makes a container anew when its image is changed, whatever the restart policy", async () => {
    await node.create("web", { restartPolicy: "OnFailure", containers: [web] });
    const pod = await node.untilReady("web");
    const containers = [{ ...Object(at(pod, "spec", "containers", 0)), image: "localhost/host:2" }];
    const key = { namespace: "default", name: "web" };
    await node.registry.patch(RESOURCES.pods, key, "merge", { spec: { containers } });
    const after = await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 1);
    expect(containerOf(after, "web")["image"]).toBe("localhost/host:2");
    await node.untilEvent("Container web definition changed, will be restarted");
  });

  it("ends a pod that runs longer than its deadline", async () => {
    await node.create("job", { activeDeadlineSeconds: 5, containers: [web] });
    await node.untilReady("job");
    node.clock.advance(5000);
    const pod = await node.untilPhase("job", "Failed");
    expect(at(pod, "status", "reason")).toBe("DeadlineExceeded");
    expect(stateOf(pod, "web")).toBe("terminated Error 143");
  });

  it("adopts running containers after the engine's restart without restarting them", async () => {
    await node.create("web", { containers: [web] });
    const before = await node.untilReady("web");
    const { id } = node.runtime.find("web");
    await node.restart();
    const settings = { metadata: { name: "other" }, spec: { nodeName: "node", containers: [web] } };
    await node.registry.create(RESOURCES.pods, "default", settings);
    await node.untilReady("other");
    const after = await node.get("web");
    expect(at(after, "status")).toEqual(at(before, "status"));
    expect(
      Array.from(node.runtime.states.values()).filter(({ sandboxId }) => sandboxId === before.metadata.uid),
    ).toHaveLength(1);
    expect(node.runtime.states.get(id)?.state).toBe("running");
  });

  it("sees the exit of a container that ended while no engine ran", async () => {
    await node.create("job", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("job");
    await node.restart(async () => node.runtime.exit("web", 17));
    expect(stateOf(await node.untilPhase("job", "Failed"), "web")).toBe("terminated Error 17");
  });

  it("goes on backing off after the engine's restart", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    node.runtime.exit("web", 1);
    await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 1);
    node.runtime.exit("web", 1);
    await node.until("web", (seen) => stateOf(seen, "web") === "waiting CrashLoopBackOff");
    await node.restart();
    await node.create("other", { containers: [{ ...web, name: "other" }] });
    await node.untilReady("other");
    expect(stateOf(await node.get("web"), "web")).toBe("waiting CrashLoopBackOff");
    node.clock.advance(10_000);
    await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 2);
  });

  it("knows from the status how a container ended that the runtime has forgotten", async () => {
    const init = { name: "one", image: "localhost/host:1" };
    await node.create("web", { initContainers: [init], containers: [web] });
    await node.until("web", (seen) => stateOf(seen, "one") === "running");
    node.runtime.exit("one", 0);
    await node.untilReady("web");
    await node.restart(async () => {
      node.runtime.states.clear();
      node.runtime.sandboxes.clear();
    });
    const pod = await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 1);
    expect(stateOf(pod, "one")).toBe("terminated Completed 0");
    expect(at(containerOf(pod, "web"), "lastState", "terminated", "reason")).toBe("ContainerStatusUnknown");
  });

  it("counts a container that the runtime has lost as killed", async () => {
    await node.create("job", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("job");
    await node.restart(async () => {
      node.runtime.states.clear();
    });
    const pod = await node.untilPhase("job", "Failed");
    expect(stateOf(pod, "web")).toBe("terminated ContainerStatusUnknown 137");
  });

  it("removes what is left of a pod that was deleted while no engine ran", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    await node.restart(() => node.delete("web", 0));
    await node.runtime.untilEmpty();
    expect(node.runtime.find("web").state).toBe("exited");
  });
});
