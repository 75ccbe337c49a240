import type { ClusterProvider } from "../cluster/providers/provider.ts";
import { KelpieError } from "../lib/errors.ts";
import { DEFAULT_LOCAL_CLUSTER, type LocalCluster, type LocalClusters } from "./local-clusters.ts";

/** The local clusters of one provider, for the UI. */
export function createProvidedClusters(provider: ClusterProvider): LocalClusters {
  return {
    async list() {
      const [found, why] = await Promise.all([provider.list(), provider.unavailable()]);
      const unavailable = why === undefined ? {} : { unavailable: why };
      const clusters = found.map(({ name, state, server, version, directory, context, problem }): LocalCluster => ({
        name,
        state,
        note: server ?? provider.title,
        directory,
        context,
        ...(server === undefined ? {} : { server }),
        ...(version === undefined ? {} : { version }),
        ...(problem === undefined ? {} : { problem }),
        ...unavailable,
      }));
      if (clusters.some((each) => each.name === DEFAULT_LOCAL_CLUSTER)) return clusters;
      return [{ name: DEFAULT_LOCAL_CLUSTER, state: "absent", note: provider.title, ...unavailable }, ...clusters];
    },
    async start(name, progress, signal) {
      const why = await provider.unavailable();
      if (why !== undefined) throw new KelpieError(`${provider.title} cannot run here: ${why}`);
      const text = `Starting the cluster "${name}"`;
      progress({ text, state: "running" });
      try {
        const { context, problem } = await provider.start(name, {
          wait: true,
          onProgress: (step) => progress({ text: step, state: "done" }),
        });
        signal.throwIfAborted();
        progress({ text, state: "done", ...(problem === undefined ? {} : { detail: problem }) });
        return { context };
      } catch (error) {
        progress({ text, state: "failed" });
        throw error;
      }
    },
    stop: (name) => provider.stop(name),
    remove: (name) => provider.remove(name),
  };
}
