import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { createClusters, type ClustersOptions } from "../../src/cluster/clusters.ts";
import type { Subscribable } from "../../src/lib/subscribable.ts";
import { startFakeApiServer, type FakeApiServer } from "./fake-api-server.ts";
import type { FakeApiServerOptions } from "./fake-api-context.ts";

/** Undoes what a test set up, last first. */
export class Cleanup {
  #steps: Array<() => void | Promise<void>> = [];

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.toReversed()) await step();
    this.#steps = [];
  }
}

/** A directory that is gone after the test. */
export async function temporaryDirectory(cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kelpie-test-"));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function writeKubeconfig(cleanup: Cleanup, text: string): Promise<string> {
  const path = join(await temporaryDirectory(cleanup), "config");
  await writeFile(path, text);
  return path;
}

/** Opens the current context of a kubeconfig text. */
export async function openKubeconfig(
  cleanup: Cleanup,
  text: string,
  options: Omit<ClustersOptions, "env"> & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Cluster> {
  const path = await writeKubeconfig(cleanup, text);
  const clusters = createClusters({
    ...options,
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...options.env, KUBECONFIG: path },
  });
  cleanup.add(() => clusters.closeAll());
  const contexts = await clusters.load();
  const current = contexts.find((context) => context.current);
  if (current === undefined) throw new Error("the kubeconfig has no current context");
  return clusters.open(current.name);
}

/** A fake API server and a client of it. */
export async function openFakeCluster(
  cleanup: Cleanup,
  serverOptions: FakeApiServerOptions = {},
  options: Omit<ClustersOptions, "env"> = {},
): Promise<{ readonly server: FakeApiServer; readonly cluster: Cluster }> {
  const server = await startFakeApiServer(serverOptions);
  cleanup.add(() => server.close());
  const cluster = await openKubeconfig(cleanup, server.kubeconfig, options);
  return { server, cluster };
}

/** Resolves with the value once it satisfies the condition. Subscribes all the while. */
export function eventually<T>(source: Subscribable<T>, condition: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let done = false;
    const check = (): void => {
      const value = source.get();
      if (done || !condition(value)) return;
      done = true;
      queueMicrotask(() => unsubscribe());
      resolve(value);
    };
    const unsubscribe = source.subscribe(check);
    check();
  });
}
