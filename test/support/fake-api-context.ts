import type { ServerResponse } from "node:http";
import type { ApiResource } from "../../src/lib/kube/gvr.ts";
import type { FakeApiStore } from "./fake-api-store.ts";
import type { FakeLogs } from "./fake-api-streams.ts";

export interface FakeApiServerOptions {
  readonly pods?: number;
  /** Default 3, or one for 100 pods. */
  readonly nodes?: number;
  /** Default 3: default, kube-system, team-1. */
  readonly namespaces?: number;
  /** Modified pods in a second, taken in turn. */
  readonly changesPerSecond?: number;
  /** More resources than those that it serves anyway. */
  readonly resources?: readonly ApiResource[];
  /** Serves metrics.k8s.io. */
  readonly metrics?: boolean;
  /** PEM texts; makes the server HTTPS. `clientCa` also asks for a client certificate. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  /** The only accepted bearer token; change it with `setToken`. Without it everybody may enter. */
  readonly token?: string;
  /** Serves every kind that kelpie has a file for. */
  readonly everyKind?: boolean;
  /** Answers discovery only in the old form. */
  readonly legacyDiscovery?: boolean;
  /** Period of bookmarks in milliseconds; default 60,000. */
  readonly bookmarkMilliseconds?: number;
}

/** What the parts of the server share. */
export interface FakeApiContext {
  readonly options: FakeApiServerOptions;
  readonly store: FakeApiStore;
  readonly logs: FakeLogs;
  readonly resources: readonly ApiResource[];
  readonly watches: Set<FakeWatch>;
  denied(verb: string, resource: string, namespace: string): boolean;
  changed(): void;
}

export interface FakeWatch {
  write(line: string): void;
  end(how: "clean" | "cut"): void;
}

export function statusBody(code: number, reason: string, message: string): Readonly<Record<string, unknown>> {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

export function sendStatus(response: ServerResponse, code: number, reason: string, message: string): void {
  response
    .writeHead(code, { "Content-Type": "application/json" })
    .end(JSON.stringify(statusBody(code, reason, message)));
}
