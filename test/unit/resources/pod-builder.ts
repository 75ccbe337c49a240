import type { KubeObject } from "../../../src/lib/kube/object.ts";

/** `Sat, 21 Nov 2026 12:00:00 UTC`: the present of these tests. */
export const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

/** RFC 3339 of so many seconds before {@link NOW}. */
export function secondsAgo(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString();
}

export interface PodParts {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A pod with one container `main`, changed by parts. */
export function pod(parts: PodParts = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      namespace: "default",
      uid: "uid-web-1",
      creationTimestamp: secondsAgo(3600),
      ...parts.metadata,
    },
    spec: { nodeName: "node-1", containers: [{ name: "main", image: "nginx" }], ...parts.spec },
    status: { phase: "Running", ...parts.status },
  };
}

export function running(name = "main", extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: secondsAgo(60) } },
    ...extra,
  };
}

export function waiting(reason: string, extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: "main", ready: false, restartCount: 0, state: { waiting: { reason } }, ...extra };
}

export function terminated(
  state: Readonly<Record<string, unknown>>,
  extra: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { name: "main", ready: false, restartCount: 0, state: { terminated: state }, ...extra };
}
