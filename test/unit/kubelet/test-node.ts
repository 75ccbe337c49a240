import { existsSync, mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubelet, type Kubelet } from "../../../src/embedded/kubelet/kubelet.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { isNotFound } from "../../../src/embedded/machinery/status-error.ts";
import type { ContainerRuntime, RuntimeProbe } from "../../../src/embedded/runtimes/runtime.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { asRecord, asRecords, asString, at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { ManualClock } from "./manual-clock.ts";
import { ScriptedRuntime } from "./scripted-runtime.ts";

/** A registry and a node agent on it. */
export class TestNode<R extends ContainerRuntime, C extends Clock> {
  readonly registry: ClusterRegistry;
  readonly runtime: R;
  readonly clock: C;
  readonly directory: string;
  kubelet: Kubelet;

  readonly #probe: RuntimeProbe | undefined;

  constructor(registry: ClusterRegistry, runtime: R, clock: C, directory: string, probe?: RuntimeProbe) {
    this.#probe = probe;
    this.registry = registry;
    this.runtime = runtime;
    this.clock = clock;
    this.directory = directory;
    this.kubelet = this.#newKubelet();
  }

  #newKubelet(): Kubelet {
    return createKubelet({
      registry: this.registry,
      runtime: this.runtime,
      clock: this.clock,
      logger: silentLogger,
      directory: this.directory,
      nodeName: "node",
      clusterDns: "10.96.0.10",
      clusterDomain: "cluster.local",
      apiServer: { host: "127.0.0.1", port: 6443 },
      serviceAccountToken: (namespace, name) => Promise.resolve(`token-of-${namespace}-${name}`),
      caCertificate: "THE CA",
      ...(this.#probe === undefined ? {} : { probe: this.#probe }),
    });
  }

  /** As after a crash of the engine: another node agent on the same registry, runtime and directory. */
  async restart(whileDown: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.kubelet.stop();
    await whileDown();
    this.kubelet = this.#newKubelet();
    await this.kubelet.start();
  }

  async create(
    name: string,
    spec: Record<string, unknown>,
    metadata: Record<string, unknown> = {},
  ): Promise<KubeObject> {
    return await this.registry.create(RESOURCES.pods, "default", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ...metadata },
      spec: { nodeName: "node", ...spec },
    });
  }

  get(name: string): Promise<KubeObject> {
    return this.registry.get(RESOURCES.pods, { namespace: "default", name });
  }

  async delete(name: string, gracePeriodSeconds?: number): Promise<void> {
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await this.registry.delete(RESOURCES.pods, { namespace: "default", name }, options);
  }

  /** Resolves with the pod as soon as it satisfies the condition; the test's time limit is the only one. */
  until(name: string, condition: (pod: KubeObject) => boolean): Promise<KubeObject> {
    const stop = new AbortController();
    return new Promise<KubeObject>((resolve) => {
      const event = ({ object }: { readonly object: KubeObject }): void => {
        if (object.metadata.name !== name || !condition(object)) return;
        stop.abort();
        resolve(object);
      };
      this.registry.watch(RESOURCES.pods, { namespace: "default" }, { event }, stop.signal);
    });
  }

  untilPhase(name: string, phase: string): Promise<KubeObject> {
    return this.until(name, (pod) => at(pod, "status", "phase") === phase);
  }

  untilReady(name: string): Promise<KubeObject> {
    return this.until(name, (pod) => conditionOf(pod, "Ready")["status"] === "True");
  }

  async untilGone(name: string): Promise<void> {
    const stop = new AbortController();
    await new Promise<void>((resolve, reject) => {
      const event = ({ type, object }: { readonly type: string; readonly object: KubeObject }): void => {
        if (type === "DELETED" && object.metadata.name === name) resolve();
      };
      const synced = (): void => {
        this.get(name).then(undefined, (error: unknown) => {
          if (isNotFound(error)) resolve();
          else reject(error instanceof Error ? error : new Error(String(error)));
        });
      };
      this.registry.watch(RESOURCES.pods, { namespace: "default" }, { event, synced }, stop.signal);
    });
    stop.abort();
  }

  /** `Normal Started Started container web`, in the order of writing. */
  async events(): Promise<readonly string[]> {
    const { items } = await this.registry.list(RESOURCES.events);
    return items
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .filter((event) => at(event, "involvedObject", "kind") === "Pod")
      .map((event) => `${asString(event["type"])} ${asString(event["reason"])} ${asString(event["message"])}`);
  }

  /** Resolves when the files of no pod are left: the last step of a pod that was deleted by force. */
  async untilIdle(): Promise<void> {
    const pods = join(this.directory, "pods");
    if (!existsSync(pods)) return;
    await new Promise<void>((resolve) => {
      const watcher = watch(pods, () => check());
      const check = (): void => {
        if (readdirSync(pods).length > 0) return;
        watcher.close();
        resolve();
      };
      check();
    });
  }

  /** Resolves after everything that is already on its way has been handled. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits until an event of that text is stored. */
  untilEvent(text: string): Promise<void> {
    const stop = new AbortController();
    return new Promise((resolve) => {
      const event = ({ object }: { readonly object: KubeObject }): void => {
        if (!`${asString(object["reason"])} ${asString(object["message"])}`.includes(text)) return;
        stop.abort();
        resolve();
      };
      this.registry.watch(RESOURCES.events, {}, { event }, stop.signal);
    });
  }

  async dispose(): Promise<void> {
    await this.kubelet.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A node with a scripted runtime and a clock that stands still. */
export async function scriptedNode(): Promise<TestNode<ScriptedRuntime, ManualClock>> {
  const clock = new ManualClock();
  const registry = createRegistry({ store: await openStore(":memory:"), clock, logger: silentLogger });
  await bootstrapNamespaces(registry);
  const directory = mkdtempSync(join(tmpdir(), "kelpie-kubelet-"));
  const node = new TestNode(registry, new ScriptedRuntime(clock), clock, directory);
  await node.kubelet.start();
  return node;
}

export function conditionOf(pod: KubeObject, type: string): Readonly<Record<string, unknown>> {
  return asRecord(asRecords(at(pod, "status", "conditions")).find((condition) => condition["type"] === type));
}

export function containerOf(pod: KubeObject, name: string): Readonly<Record<string, unknown>> {
  const lists = ["initContainerStatuses", "containerStatuses"].flatMap((list) => asRecords(at(pod, "status", list)));
  return asRecord(lists.find((status) => status["name"] === name));
}

/** `running`, `waiting CrashLoopBackOff`, `terminated Error 3`. */
export function stateOf(pod: KubeObject, name: string): string {
  const state = asRecord(containerOf(pod, name)["state"]);
  if ("running" in state) return "running";
  const terminated = asRecord(state["terminated"]);
  if ("terminated" in state) return `terminated ${asString(terminated["reason"])} ${String(terminated["exitCode"])}`;
  return `waiting ${asString(asRecord(state["waiting"])["reason"])}`;
}
