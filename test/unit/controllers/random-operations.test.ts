import { expect, test } from "vitest";
import { nextTurn } from "../../../src/lib/clock.ts";
import { at, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { isConflict, isNotFound } from "../../../src/embedded/machinery/status-error.ts";
import { deployment, isReady, startTestCluster, type TestCluster } from "./cluster-harness.ts";

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One thing a user or the machine may do to the deployment `web`. */
async function operate(cluster: TestCluster, random: () => number): Promise<void> {
  const upTo = (count: number): number => Math.floor(random() * count);
  const change = (spec: Json): Promise<KubeObject> => cluster.patch(RESOURCES.deployments, "default/web", { spec });
  const pods = cluster.all(RESOURCES.pods);
  const pod = pods[upTo(pods.length)];
  switch (upTo(8)) {
    case 0:
    case 1:
      await change({ replicas: upTo(8) });
      return;
    case 2:
    case 3:
      await change({ template: { metadata: { annotations: { version: String(upTo(4)) } } } });
      return;
    case 4:
      await change({ paused: random() < 0.5 });
      return;
    case 5:
      if (pod !== undefined)
        await cluster.registry.delete(RESOURCES.pods, { namespace: "default", name: pod.metadata.name ?? "" });
      return;
    case 6:
      if (pod !== undefined) {
        const key = { namespace: "default", name: pod.metadata.name ?? "" };
        const fresh = await cluster.registry.get(RESOURCES.pods, key);
        await cluster.registry.updateStatus(RESOURCES.pods, key, { ...fresh, status: { phase: "Failed" } });
      }
      return;
    default: {
      const [set] = cluster.all(RESOURCES.replicasets);
      const key = { namespace: "default", name: set?.metadata.name ?? "" };
      if (set !== undefined)
        await cluster.registry.delete(RESOURCES.replicasets, key, { propagationPolicy: "Background" });
    }
  }
}

function runs(pod: KubeObject): boolean {
  const phase = at(pod, "status", "phase");
  return pod.metadata.deletionTimestamp === undefined && phase !== "Failed" && phase !== "Succeeded";
}

function isSettled(cluster: TestCluster): boolean {
  const web = cluster.get(RESOURCES.deployments, "default/web");
  const version = at(web, "spec", "template", "metadata", "annotations", "version");
  const replicas = at(web, "spec", "replicas");
  const live = cluster.all(RESOURCES.pods).filter(runs);
  return (
    live.length === replicas &&
    live.every((pod) => isReady(pod) && pod.metadata.annotations?.["version"] === version) &&
    (at(web, "status", "availableReplicas") ?? 0) === replicas &&
    (at(web, "status", "updatedReplicas") ?? 0) === replicas &&
    at(web, "status", "observedGeneration") === web?.metadata.generation
  );
}

const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1);

test.each([...SEEDS.map((seed) => [seed, 0]), ...SEEDS.map((seed) => [seed, 0.2])])(
  "whatever is done to a deployment, it comes to what is wanted (seed %i, share of failing writes %d)",
  async (seed, failing) => {
    const random = randomNumbers(seed);
    const chance = randomNumbers(1000 + seed);
    const cluster = await startTestCluster({ fails: () => chance() < failing });
    try {
      await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 3 }));
      for (let step = 0; step < 40; step += 1) {
        try {
          await operate(cluster, random);
        } catch (error) {
          // Somebody else was faster: as good as not done.
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        for (let turns = Math.floor(random() * 20); turns > 0; turns -= 1) {
          await new Promise<void>((resolve) => void nextTurn(resolve));
        }
      }
      await cluster.patch(RESOURCES.deployments, "default/web", { spec: { paused: false, replicas: 5 } });
      await cluster.until("what is wanted is there", () => isSettled(cluster));

      const sets = cluster.all(RESOURCES.replicasets);
      const [web] = cluster.all(RESOURCES.deployments);
      expect(sets.every((set) => set.metadata.ownerReferences?.[0]?.uid === web?.metadata.uid)).toBe(true);
      const uids = new Set(sets.map((set) => set.metadata.uid));
      const live = cluster.all(RESOURCES.pods).filter(runs);
      expect(live.every((pod) => uids.has(pod.metadata.ownerReferences?.[0]?.uid))).toBe(true);
      expect(sets.filter((set) => at(set, "spec", "replicas") === 5)).toHaveLength(1);
    } finally {
      cluster.dispose();
    }
  },
);
