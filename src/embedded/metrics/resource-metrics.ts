import { asRecord, asRecords, asString, type Json, type KubeObject } from "../../lib/kube/object.ts";
import type { NodeAgent, UsageSample } from "../kubelet/node-agent.ts";
import { formatTime } from "../machinery/time.ts";

const API_VERSION = "metrics.k8s.io/v1beta1";

/**
 * `PodMetrics` of metrics.k8s.io for the running ones of `pods`. A pod without a sample of every running container is
 * left out, as metrics-server does. Call `agent.refreshUsage()` before.
 */
export function podMetrics(pods: readonly KubeObject[], agent: NodeAgent): readonly KubeObject[] {
  return pods.flatMap((pod) => {
    const usage = agent.podUsage(pod.metadata.uid ?? "");
    const running = runningContainers(pod);
    if (usage === undefined || running.length === 0) return [];
    const samples = running.flatMap((name) => {
      const sample = usage.get(name);
      return sample === undefined ? [] : [{ name, sample }];
    });
    const [first] = samples;
    if (first === undefined || samples.length < running.length) return [];
    return [
      {
        kind: "PodMetrics",
        apiVersion: API_VERSION,
        metadata: metadataOf(first.sample, pod),
        ...timesOf(first.sample),
        containers: samples.map(({ name: container, sample }) => ({ name: container, usage: usageOf(sample) })),
      },
    ];
  });
}

/** `NodeMetrics` for those of `nodes` that the agent measures: its own, the only one. */
export function nodeMetrics(nodes: readonly KubeObject[], agent: NodeAgent): readonly KubeObject[] {
  const sample = agent.nodeUsage();
  if (sample === undefined) return [];
  return nodes.map((node) => ({
    kind: "NodeMetrics",
    apiVersion: API_VERSION,
    metadata: metadataOf(sample, node),
    ...timesOf(sample),
    usage: usageOf(sample),
  }));
}

function metadataOf(sample: UsageSample, object: KubeObject): KubeObject["metadata"] {
  const { name, namespace, labels } = object.metadata;
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    creationTimestamp: formatTime(sample.at),
    ...(labels === undefined ? {} : { labels }),
  };
}

function timesOf(sample: UsageSample): Readonly<Record<string, Json>> {
  return { timestamp: formatTime(sample.at), window: `${(sample.windowMilliseconds / 1000).toFixed(3)}s` };
}

/** Nano-cores and kibibytes, the units metrics-server answers in. */
function usageOf(sample: UsageSample): Readonly<Record<string, Json>> {
  return {
    cpu: `${Math.round(sample.cpu * 1e9)}n`,
    memory: `${Math.ceil(sample.workingSetBytes / 1024)}Ki`,
  };
}

function runningContainers(pod: KubeObject): readonly string[] {
  const status = asRecord(pod["status"]);
  return [...asRecords(status["initContainerStatuses"]), ...asRecords(status["containerStatuses"])]
    .filter((container) => "running" in asRecord(container["state"]))
    .map((container) => asString(container["name"]));
}
