import type * as engine from "../../embedded/index.ts";
import type { ClusterProvider, LocalCluster } from "./provider.ts";

// The one door to the embedded cluster, opened only when it is used.
const door = (): Promise<typeof engine> => import("../../embedded/index.ts");

/**
 * The cluster built into kelpie.
 * @param home directory that holds all its clusters
 */
export function createEmbeddedProvider(home: string): ClusterProvider {
  return {
    id: "embedded",
    title: "The embedded cluster",
    async unavailable() {
      return process.platform === "win32" ? "it runs on Linux and macOS" : undefined;
    },
    async list() {
      const { listClusters } = await door();
      return listClusters(home).map(localCluster);
    },
    async status(name) {
      const { clusterStatus } = await door();
      const found = clusterStatus({ home, name });
      return found === undefined ? undefined : localCluster(found);
    },
    async start(name, { wait, onProgress }) {
      const { startCluster } = await door();
      return localCluster(await startCluster({ home, name, wait, onProgress }));
    },
    async stop(name) {
      const { stopCluster } = await door();
      await stopCluster({ home, name });
    },
    async remove(name) {
      const { deleteCluster } = await door();
      await deleteCluster({ home, name });
    },
    async kubeconfig(name) {
      const { readClusterKubeconfig } = await door();
      return readClusterKubeconfig({ home, name });
    },
    async logFiles(name) {
      const { clusterLogFiles } = await door();
      return clusterLogFiles({ home, name });
    },
    async doctor() {
      const { doctor } = await door();
      return doctor();
    },
  };
}

function localCluster({ nodeProblem, ...info }: engine.ClusterInfo): LocalCluster {
  return { provider: "embedded", ...info, ...(nodeProblem === undefined ? {} : { problem: nodeProblem }) };
}
