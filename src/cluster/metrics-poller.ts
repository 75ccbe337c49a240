import type { Clock } from "../lib/clock.ts";
import { namespacesOf } from "../lib/kube/namespaces.ts";
import { asArray, asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { parseQuantity } from "../lib/quantity.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { isApiError } from "./api-error.ts";
import type { MetricsSnapshot, Usage, UsageSample } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import { listObjects } from "./list-request.ts";
import { Sleeper } from "./sleeper.ts";

const POLL_MILLISECONDS = 12_000;
/** How often a server without the metrics API is asked whether it has it now. */
const ABSENT_MILLISECONDS = 60_000;

/** Two hours of samples. */
const MOST_SAMPLES = 600;

const NONE: ReadonlyMap<string, Usage> = new Map();

/** Reads metrics.k8s.io from time to time while somebody looks. */
export class MetricsPoller {
  readonly metrics: Subscribable<MetricsSnapshot>;
  readonly #value;
  readonly #client: HttpClient;
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #sleeper: Sleeper;
  #running: AbortController | undefined;
  #version = 0;
  #history: readonly UsageSample[] = [];

  /** @param namespace one, or several with commas, asked alone where the user may not see the pods of all namespaces */
  constructor(client: HttpClient, clock: Clock, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#clock = clock;
    this.#sleeper = new Sleeper(clock);
    this.#value = createValue<MetricsSnapshot>(
      { state: "unknown", version: 0, pods: NONE, containers: NONE, nodes: NONE, history: [] },
      { onFirst: () => this.#start(), onLast: () => this.stop() },
    );
    this.metrics = this.#value;
  }

  /** Asks at once, when somebody looks. */
  retry(): void {
    this.#sleeper.wake();
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  #start(): void {
    const running = new AbortController();
    this.#running = running;
    void this.#run(running.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let wait = POLL_MILLISECONDS;
      try {
        const [pods, nodes] = await Promise.all([this.#pods(signal), this.#nodes(signal)]);
        if (signal.aborted) return;
        this.#publish(pods, nodes);
      } catch (error) {
        if (signal.aborted) return;
        const cause = connectionErrorFrom(error, this.#client.server);
        const state = isApiError(cause, 404) ? "absent" : isApiError(cause, 403) ? "denied" : "failed";
        if (state !== "failed") wait = ABSENT_MILLISECONDS;
        this.#version += 1;
        this.#value.set({
          state,
          reason: state === "absent" ? "the cluster has no metrics API (metrics-server)" : cause.message,
          version: this.#version,
          pods: NONE,
          containers: NONE,
          nodes: NONE,
          history: this.#history,
        });
      }
      await this.#sleeper.sleep(wait, signal);
    }
  }

  async #pods(signal: AbortSignal): Promise<readonly KubeObject[]> {
    try {
      return await this.#list("pods", "PodMetrics", "", signal);
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      const lists = namespacesOf(this.#namespace).map((one) => this.#list("pods", "PodMetrics", one, signal));
      return (await Promise.all(lists)).flat();
    }
  }

  /** Who may not see nodes still sees pods. */
  async #nodes(signal: AbortSignal): Promise<readonly KubeObject[]> {
    try {
      return await this.#list("nodes", "NodeMetrics", "", signal);
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      return [];
    }
  }

  #list(resource: string, kind: string, namespace: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const query = {
      resource: {
        group: "metrics.k8s.io",
        version: "v1beta1",
        resource,
        kind,
        singular: "",
        namespaced: resource === "pods",
        verbs: [],
        shortNames: [],
        categories: [],
        subresources: [],
      },
      namespace,
      form: "objects" as const,
    };
    return listObjects(this.#client, query, signal);
  }

  #publish(podMetrics: readonly KubeObject[], nodeMetrics: readonly KubeObject[]): void {
    const pods = new Map<string, Usage>();
    const containers = new Map<string, Usage>();
    for (const { metadata, ...body } of podMetrics) {
      const path = `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
      let cpu = 0;
      let memory = 0;
      for (const container of asRecords(asArray(at(body, "containers")))) {
        const usage = usageOf(container["usage"]);
        containers.set(`${path}/${asString(container["name"])}`, usage);
        cpu += usage.cpu;
        memory += usage.memory;
      }
      pods.set(path, { cpu, memory });
    }
    const nodes = new Map(nodeMetrics.map((node) => [node.metadata.name ?? "", usageOf(at(node, "usage"))] as const));
    const sample = { at: this.#clock.now(), ...sumOf(nodes.size > 0 ? nodes : pods) };
    this.#history = [...this.#history.slice(1 - MOST_SAMPLES), sample];
    this.#version += 1;
    this.#value.set({
      state: "available",
      version: this.#version,
      pods,
      containers,
      nodes,
      history: this.#history,
    });
  }
}

function sumOf(usages: ReadonlyMap<string, Usage>): Usage {
  const sum = { cpu: 0, memory: 0 };
  for (const { cpu, memory } of usages.values()) {
    sum.cpu += cpu;
    sum.memory += memory;
  }
  return sum;
}

function usageOf(value: unknown): Usage {
  return { cpu: parseQuantity(at(value, "cpu")) ?? 0, memory: parseQuantity(at(value, "memory")) ?? 0 };
}
