import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import type { Tone } from "../../../src/resources/kind.ts";
import { podStatus, podTone, restartsText } from "../../../src/resources/pod-status.ts";
import { NOW, pod, running, secondsAgo, terminated, waiting } from "./pod-builder.ts";

interface Case {
  readonly name: string;
  readonly pod: KubeObject;
  readonly status: string;
  readonly ready: string;
  readonly restarts?: string;
  readonly tone: Tone;
}

const READY = [
  { type: "Initialized", status: "True" },
  { type: "Ready", status: "True" },
];
const NOT_INITIALIZED = [{ type: "Initialized", status: "False" }];
const sidecar = { name: "proxy", image: "envoy", restartPolicy: "Always" };
const init = { name: "setup", image: "busybox" };
const lastExit = (seconds: number): Record<string, unknown> => ({
  terminated: { exitCode: 1, finishedAt: secondsAgo(seconds) },
});

// The words are those of printPod; each case is a pod as an API server sends it.
const cases: readonly Case[] = [
  {
    name: "a running pod with its container ready",
    pod: pod({ status: { phase: "Running", conditions: READY, containerStatuses: [running()] } }),
    status: "Running",
    ready: "1/1",
    tone: "ok",
  },
  {
    name: "a running pod whose container is not ready yet",
    pod: pod({ status: { phase: "Running", containerStatuses: [running("main", { ready: false })] } }),
    status: "Running",
    ready: "0/1",
    tone: "warning",
  },
  {
    name: "a pod that has not been looked at by a kubelet",
    pod: pod({ status: { phase: "Pending" } }),
    status: "Pending",
    ready: "0/1",
    tone: "progress",
  },
  {
    name: "a pod that fits no node",
    pod: pod({
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
    }),
    status: "Pending",
    ready: "0/1",
    tone: "warning",
  },
  {
    name: "a pod held back by a scheduling gate",
    pod: pod({
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    }),
    status: "SchedulingGated",
    ready: "0/1",
    tone: "progress",
  },
  {
    name: "a container being created",
    pod: pod({ status: { phase: "Pending", containerStatuses: [waiting("ContainerCreating")] } }),
    status: "ContainerCreating",
    ready: "0/1",
    tone: "progress",
  },
  {
    name: "a container that crashes again and again",
    pod: pod({
      status: {
        phase: "Running",
        containerStatuses: [waiting("CrashLoopBackOff", { restartCount: 2, lastState: lastExit(180) })],
      },
    }),
    status: "CrashLoopBackOff",
    ready: "0/1",
    restarts: "2 (3m ago)",
    tone: "error",
  },
  {
    name: "an image that cannot be pulled",
    pod: pod({ status: { phase: "Pending", containerStatuses: [waiting("ImagePullBackOff")] } }),
    status: "ImagePullBackOff",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "a job's pod that ended well",
    pod: pod({ status: { phase: "Succeeded", containerStatuses: [terminated({ exitCode: 0, reason: "Completed" })] } }),
    status: "Completed",
    ready: "0/1",
    tone: "done",
  },
  {
    name: "a container that ended with an error",
    pod: pod({ status: { phase: "Failed", containerStatuses: [terminated({ exitCode: 1, reason: "Error" })] } }),
    status: "Error",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "an exit code without a reason",
    pod: pod({ status: { phase: "Failed", containerStatuses: [terminated({ exitCode: 1 })] } }),
    status: "ExitCode:1",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "a signal without a reason",
    pod: pod({ status: { phase: "Failed", containerStatuses: [terminated({ exitCode: 137, signal: 9 })] } }),
    status: "Signal:9",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "an evicted pod, whose reason stands in the status",
    pod: pod({ status: { phase: "Failed", reason: "Evicted" } }),
    status: "Evicted",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "one container completed beside one that runs, with the pod ready",
    pod: pod({
      spec: { containers: [{ name: "main" }, { name: "other" }] },
      status: {
        phase: "Running",
        conditions: READY,
        containerStatuses: [terminated({ exitCode: 0, reason: "Completed" }), running("other")],
      },
    }),
    status: "Running",
    ready: "1/2",
    tone: "warning",
  },
  {
    name: "one container completed beside one that runs, with the pod not ready",
    pod: pod({
      spec: { containers: [{ name: "main" }, { name: "other" }] },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [terminated({ exitCode: 0, reason: "Completed" }), running("other")],
      },
    }),
    status: "NotReady",
    ready: "1/2",
    tone: "warning",
  },
  {
    name: "one container completed beside one that failed",
    pod: pod({
      spec: { containers: [{ name: "main" }, { name: "other" }] },
      status: {
        phase: "Failed",
        containerStatuses: [
          terminated({ exitCode: 0, reason: "Completed" }),
          terminated({ exitCode: 2, reason: "Error" }, { name: "other" }),
        ],
      },
    }),
    status: "Error",
    ready: "0/2",
    tone: "error",
  },
  {
    name: "one container completed beside one that crashes",
    pod: pod({
      spec: { containers: [{ name: "main" }, { name: "other" }] },
      status: {
        phase: "Running",
        containerStatuses: [
          terminated({ exitCode: 0, reason: "Completed" }),
          waiting("CrashLoopBackOff", { name: "other" }),
        ],
      },
    }),
    status: "Completed",
    ready: "0/2",
    tone: "warning",
  },
  {
    name: "the word of the first container, not of the last",
    pod: pod({
      spec: { containers: [{ name: "main" }, { name: "other" }] },
      status: {
        phase: "Running",
        containerStatuses: [waiting("ErrImagePull"), waiting("CrashLoopBackOff", { name: "other" })],
      },
    }),
    status: "ErrImagePull",
    ready: "0/2",
    tone: "error",
  },
  {
    name: "an init container that runs",
    pod: pod({
      spec: { initContainers: [init], containers: [{ name: "main" }] },
      status: {
        phase: "Pending",
        conditions: NOT_INITIALIZED,
        initContainerStatuses: [running("setup", { ready: false, started: true })],
        containerStatuses: [waiting("PodInitializing")],
      },
    }),
    status: "Init:0/1",
    ready: "0/1",
    tone: "progress",
  },
  {
    name: "all init containers done, the main one starting",
    pod: pod({
      spec: { initContainers: [init], containers: [{ name: "main" }] },
      status: {
        phase: "Pending",
        conditions: READY.slice(0, 1),
        initContainerStatuses: [terminated({ exitCode: 0, reason: "Completed" }, { name: "setup" })],
        containerStatuses: [waiting("PodInitializing")],
      },
    }),
    status: "PodInitializing",
    ready: "0/1",
    tone: "progress",
  },
  {
    name: "an init container that failed",
    pod: pod({
      spec: { initContainers: [init], containers: [{ name: "main" }] },
      status: {
        phase: "Pending",
        conditions: NOT_INITIALIZED,
        initContainerStatuses: [terminated({ exitCode: 1, reason: "Error" }, { name: "setup" })],
        containerStatuses: [waiting("PodInitializing")],
      },
    }),
    status: "Init:Error",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "an init container killed by a signal without a reason",
    pod: pod({
      spec: { initContainers: [init] },
      status: {
        phase: "Pending",
        initContainerStatuses: [terminated({ exitCode: 137, signal: 9 }, { name: "setup" })],
      },
    }),
    status: "Init:Signal:9",
    ready: "0/1",
    tone: "error",
  },
  {
    name: "an init container in back-off, whose restarts count while the pod is not initialized",
    pod: pod({
      spec: { initContainers: [init], containers: [{ name: "main" }] },
      status: {
        phase: "Pending",
        conditions: NOT_INITIALIZED,
        initContainerStatuses: [
          waiting("CrashLoopBackOff", { name: "setup", restartCount: 3, lastState: lastExit(20) }),
        ],
      },
    }),
    status: "Init:CrashLoopBackOff",
    ready: "0/1",
    restarts: "3 (20s ago)",
    tone: "error",
  },
  {
    name: "restarts of an init container that are forgotten once the pod runs",
    pod: pod({
      spec: { initContainers: [init], containers: [{ name: "main" }] },
      status: {
        phase: "Running",
        conditions: READY,
        initContainerStatuses: [
          terminated({ exitCode: 0, reason: "Completed" }, { name: "setup", restartCount: 4, lastState: lastExit(9) }),
        ],
        containerStatuses: [running()],
      },
    }),
    status: "Running",
    ready: "1/1",
    restarts: "0",
    tone: "ok",
  },
  {
    name: "a sidecar, which is counted and whose restarts stay",
    pod: pod({
      spec: { initContainers: [sidecar], containers: [{ name: "main" }] },
      status: {
        phase: "Running",
        conditions: READY,
        initContainerStatuses: [running("proxy", { restartCount: 1, lastState: lastExit(7200) })],
        containerStatuses: [running()],
      },
    }),
    status: "Running",
    ready: "2/2",
    restarts: "1 (120m ago)",
    tone: "ok",
  },
  {
    name: "a sidecar that has not started",
    pod: pod({
      spec: { initContainers: [sidecar, init], containers: [{ name: "main" }] },
      status: {
        phase: "Pending",
        conditions: NOT_INITIALIZED,
        initContainerStatuses: [
          running("proxy", { ready: false, started: false }),
          waiting("PodInitializing", { name: "setup" }),
        ],
        containerStatuses: [waiting("PodInitializing")],
      },
    }),
    status: "Init:0/2",
    ready: "0/2",
    tone: "progress",
  },
  {
    name: "a pod that is being deleted",
    pod: pod({
      metadata: { deletionTimestamp: secondsAgo(-30) },
      status: { phase: "Running", conditions: READY, containerStatuses: [running()] },
    }),
    status: "Terminating",
    ready: "1/1",
    tone: "muted",
  },
  {
    name: "a deleted pod that had already ended",
    pod: pod({
      metadata: { deletionTimestamp: secondsAgo(-30) },
      status: { phase: "Succeeded", containerStatuses: [terminated({ exitCode: 0, reason: "Completed" })] },
    }),
    status: "Completed",
    ready: "0/1",
    tone: "done",
  },
  {
    name: "a deleted pod on a node that is gone",
    pod: pod({ metadata: { deletionTimestamp: secondsAgo(5) }, status: { phase: "Running", reason: "NodeLost" } }),
    status: "Unknown",
    ready: "0/1",
    tone: "error",
  },
];

describe("the status of", () => {
  test.each(cases)("$name is $status", ({ pod: object, status, ready, restarts, tone }) => {
    const summary = podStatus(object);
    expect({
      status: summary.status,
      ready: `${summary.ready}/${summary.total}`,
      restarts: restartsText(summary, NOW),
      tone: podTone(object),
    }).toEqual({ status, ready, restarts: restarts ?? "0", tone });
  });
});
