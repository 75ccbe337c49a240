import { expect, test } from "vitest";
import { logSources } from "../../../src/views/logs/log-sources.ts";
import { pod, running, terminated, waiting } from "../resources/pod-builder.ts";

const all = { container: undefined, previous: false };

const withInit = pod({
  spec: {
    initContainers: [{ name: "setup" }, { name: "proxy", restartPolicy: "Always" }],
    containers: [{ name: "main" }, { name: "late" }],
  },
  status: {
    initContainerStatuses: [
      terminated({ exitCode: 0 }, { name: "setup", containerID: "c://setup" }),
      running("proxy", { containerID: "c://proxy" }),
    ],
    containerStatuses: [running("main", { containerID: "c://main" }), waiting("ContainerCreating", { name: "late" })],
  },
});

test("all containers of a pod are read but init containers that ended well", () => {
  const sources = logSources(withInit, all);
  expect(sources.map((source) => source.container)).toEqual(["proxy", "main", "late"]);
  expect(sources.map((source) => source.waiting)).toEqual([undefined, undefined, "waiting: ContainerCreating"]);
});

test("an init container that is asked for by name is read", () => {
  expect(logSources(withInit, { ...all, container: "setup" }).map((source) => source.container)).toEqual(["setup"]);
});

test("a container in back-off is read: the instance that ended has said why", () => {
  const crashing = pod({
    status: { containerStatuses: [waiting("CrashLoopBackOff", { containerID: "c://1" })] },
  });
  expect(logSources(crashing, all)).toMatchObject([{ container: "main", instance: "uid-web-1/main/c://1" }]);
  expect(logSources(crashing, all)[0]?.waiting).toBeUndefined();
});

test("a restarted container is another instance", () => {
  const instance = (id: string): string | undefined =>
    logSources(pod({ status: { containerStatuses: [running("main", { containerID: id })] } }), all)[0]?.instance;
  expect(instance("c://1")).not.toBe(instance("c://2"));
});

test("the previous instance is read only where there was one", () => {
  const previous = { container: undefined, previous: true };
  const once = pod({ status: { containerStatuses: [running()] } });
  expect(logSources(once, previous)[0]?.waiting).toBe("it has no previous instance");
  const twice = pod({
    status: {
      containerStatuses: [running("main", { lastState: { terminated: { exitCode: 1, containerID: "c://0" } } })],
    },
  });
  expect(logSources(twice, previous)[0]).toMatchObject({ instance: "uid-web-1/main/c://0" });
  expect(logSources(twice, previous)[0]?.waiting).toBeUndefined();
});
