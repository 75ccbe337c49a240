import { mkdir } from "node:fs/promises";
import type { Duplex, Readable } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { createEventRecorder, type EventRecorder } from "../machinery/event-recorder.ts";
import { RESOURCES, type ObjectKey, type Registry } from "../machinery/registry.ts";
import type { Gvr } from "../../lib/kube/gvr.ts";
import { isNotFound } from "../machinery/status-error.ts";
import type {
  ContainerRuntime,
  ContainerState,
  ExecSpec,
  RuntimeEvent,
  RuntimeProbe,
  SandboxState,
  Session,
} from "../runtimes/runtime.ts";
import { visibleServices } from "./container-starter.ts";
import type { LogOptions, NodeAgent, UsageSample } from "./node-agent.ts";
import { NodeRegistration } from "./node-registration.ts";
import { machineAddress } from "./node-status.ts";
import { listPodDirectories, PodDirectory } from "./pod-directory.ts";
import { PodStreams } from "./pod-streams.ts";
import { PodWorker } from "./pod-worker.ts";
import { RestartBackOff } from "./restart-back-off.ts";
import { UsageSampler } from "./usage-sampler.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Of containers whose pod was deleted while no engine ran. */
const ORPHAN_GRACE_MILLISECONDS = 2000;

export interface KubeletOptions {
  readonly registry: Registry;
  /** Started. */
  readonly runtime: ContainerRuntime;
  /** What the ladder found out about the runtime; without it the runtime is probed at start. */
  readonly probe?: RuntimeProbe;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the cluster: files of pods go to `pods/` below it. */
  readonly directory: string;
  readonly nodeName: string;
  /** Address of the cluster's DNS server, `""` for none. */
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly apiServer: { readonly host: string; readonly port: number };
  readonly serviceAccountToken?: (namespace: string, name: string) => Promise<string>;
  /** PEM of the cluster's CA. */
  readonly caCertificate: string;
}

/** The node agent: runs the pods bound to its node. */
export interface Kubelet extends NodeAgent {
  /** Registers the node, adopts what runs and follows the pods. Resolves when the node is ready. */
  start(): Promise<void>;
  /** Lets go; containers run on. */
  stop(): Promise<void>;
  /** Brings usage up to date, for metrics.k8s.io. */
  refreshUsage(): Promise<void>;
}

export function createKubelet(options: KubeletOptions): Kubelet {
  return new EmbeddedKubelet(options);
}

interface Leftovers {
  sandbox: SandboxState | undefined;
  readonly containers: Map<string, ContainerState>;
}

class EmbeddedKubelet implements Kubelet {
  readonly #options: KubeletOptions;
  readonly #logger: Logger;
  readonly #recorder: EventRecorder;
  readonly #stop = new AbortController();
  readonly #workers = new Map<string, PodWorker>();
  /** Of an earlier engine, by pod uid, until their pod's worker takes them. */
  readonly #leftovers = new Map<string, Leftovers>();
  readonly #listeners = new Set<() => void>();
  readonly #streams: PodStreams;
  readonly #sampler: UsageSampler;
  #context: WorkerContext | undefined;

  constructor(options: KubeletOptions) {
    const { registry, runtime, clock, nodeName, directory } = options;
    this.#options = options;
    this.#logger = options.logger.child("kubelet");
    this.#recorder = createEventRecorder({
      registry,
      component: "kubelet",
      host: nodeName,
      clock,
      logger: this.#logger,
    });
    const worker = (uid: string): PodWorker | undefined => this.#workers.get(uid);
    this.#streams = new PodStreams({
      runtime,
      clock,
      directory,
      worker,
      onChange: (listener) => this.#listen(listener),
    });
    this.#sampler = new UsageSampler({
      runtime,
      clock,
      containers: () =>
        Array.from(this.#workers.values()).flatMap(({ uid, runningContainers }) =>
          runningContainers.map(({ name, id }) => ({ podUid: uid, name, id })),
        ),
    });
  }

  async start(): Promise<void> {
    const { runtime, registry, clock, nodeName, directory } = this.#options;
    await mkdir(directory, { recursive: true });
    const probe = this.#options.probe ?? (await runtime.probe());
    this.#context = this.#workerContext(probe);
    const unsubscribe = runtime.onEvent((event) => this.#onRuntimeEvent(event));
    this.#stop.signal.addEventListener("abort", unsubscribe, { once: true });
    await this.#readLeftovers();
    const registration = new NodeRegistration({
      registry,
      clock,
      logger: this.#logger,
      nodeName,
      directory,
      runtime: runtime.name,
      limitations: probe.ok ? probe.limitations : [probe.limitation],
    });
    await registration.start(this.#stop.signal);
    const { node } = registration;
    if (node !== undefined) {
      // A kubelet's events name the node in place of its uid: that is what kubectl describe looks for.
      const involved = { ...node, metadata: { ...node.metadata, uid: nodeName } };
      this.#recorder.event(involved, "Normal", "Starting", "Starting kubelet.");
    }
    this.#watchPods();
    this.#watchReferences("ConfigMap", RESOURCES.configmaps);
    this.#watchReferences("Secret", RESOURCES.secrets);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(Array.from(this.#workers.values(), (worker) => worker.stop()));
    await this.#recorder.settled();
  }

  async logs(pod: KubeObject, options: LogOptions, signal: AbortSignal): Promise<Readable> {
    return this.#streams.logs(pod, options, signal);
  }

  exec(pod: KubeObject, container: string, spec: ExecSpec): Promise<Session> {
    return this.#streams.exec(pod, container, spec);
  }

  attach(pod: KubeObject, container: string): Promise<Session> {
    return this.#streams.attach(pod, container);
  }

  dial(pod: KubeObject, port: number): Promise<Duplex> {
    return this.#streams.dial(pod, port);
  }

  podUsage(uid: string): ReadonlyMap<string, UsageSample> | undefined {
    const worker = this.#workers.get(uid);
    return worker === undefined || worker.runningContainers.length === 0 ? undefined : this.#sampler.podUsage(uid);
  }

  nodeUsage(): UsageSample | undefined {
    return this.#sampler.nodeUsage();
  }

  refreshUsage(): Promise<void> {
    return this.#sampler.refresh();
  }

  #listen(listener: () => void): () => void {
    const call = (): void => listener();
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  #workerContext(probe: RuntimeProbe): WorkerContext {
    const { registry, runtime, clock, directory, clusterDns, clusterDomain, apiServer } = this.#options;
    return {
      registry,
      runtime,
      features: probe.ok
        ? probe.features
        : { podAddresses: false, uids: "none", limits: "none", egress: false, isolation: false },
      clock,
      logger: this.#logger,
      recorder: this.#recorder,
      backOff: new RestartBackOff(clock),
      directory,
      hostIp: machineAddress(),
      clusterDns,
      clusterDomain,
      apiServer,
      references: {
        configMap: (namespace, name) => this.#configMap(namespace, name),
        secret: (namespace, name) => this.#get(RESOURCES.secrets, { namespace, name }),
      },
      services: async (namespace, links) => {
        const { items } = await registry.list(RESOURCES.services);
        return visibleServices(items, namespace, links);
      },
      token: this.#options.serviceAccountToken,
    };
  }

  /** Pods need the CA's config map before its controller may have made it in a new namespace. */
  async #configMap(namespace: string, name: string): Promise<KubeObject | undefined> {
    const found = await this.#get(RESOURCES.configmaps, { namespace, name });
    if (found !== undefined || name !== "kube-root-ca.crt") return found;
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name },
      data: { "ca.crt": this.#options.caCertificate },
    };
  }

  async #get(resource: Gvr, key: ObjectKey): Promise<KubeObject | undefined> {
    try {
      return await this.#options.registry.get(resource, key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #readLeftovers(): Promise<void> {
    const { sandboxes, containers } = await this.#options.runtime.list();
    for (const sandbox of sandboxes) this.#leftoversOf(sandbox.id).sandbox = sandbox;
    for (const container of containers) {
      const known = this.#leftoversOf(container.sandboxId).containers;
      // An event that came during the listing is newer.
      if (!known.has(container.id)) known.set(container.id, container);
    }
  }

  #leftoversOf(uid: string): Leftovers {
    const known = this.#leftovers.get(uid);
    if (known !== undefined) return known;
    const fresh: Leftovers = { sandbox: undefined, containers: new Map() };
    this.#leftovers.set(uid, fresh);
    return fresh;
  }

  #onRuntimeEvent({ container }: RuntimeEvent): void {
    const worker = this.#workers.get(container.sandboxId);
    if (worker === undefined) this.#leftoversOf(container.sandboxId).containers.set(container.id, container);
    else worker.onContainer(container);
    for (const listener of Array.from(this.#listeners)) listener();
  }

  #watchPods(): void {
    const { registry, nodeName } = this.#options;
    const mine = (object: KubeObject): boolean => {
      const spec = object["spec"];
      return typeof spec === "object" && spec !== null && "nodeName" in spec && spec.nodeName === nodeName;
    };
    registry.watch(
      RESOURCES.pods,
      {},
      {
        event: ({ type, object }) => {
          if (!mine(object)) return;
          if (type === "DELETED") this.#workers.get(object.metadata.uid ?? "")?.removed(object);
          else this.#updatePod(object);
        },
        synced: () => {
          this.#removeOrphans().catch((error: unknown) => {
            this.#logger.warn("what deleted pods left was not removed", { error: errorMessage(error) });
          });
        },
      },
      this.#stop.signal,
    );
  }

  #updatePod(object: KubeObject): void {
    const uid = object.metadata.uid ?? "";
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(object);
      return;
    }
    const context = this.#context;
    if (context === undefined || this.#stop.signal.aborted) return;
    const left = this.#leftovers.get(uid);
    this.#leftovers.delete(uid);
    const leftover = { sandbox: left?.sandbox, containers: Array.from(left?.containers.values() ?? []) };
    const worker = new PodWorker(context, object, leftover, (finished) => {
      this.#workers.delete(finished);
      for (const listener of Array.from(this.#listeners)) listener();
    });
    this.#workers.set(uid, worker);
    worker.wake();
  }

  #watchReferences(kind: string, resource: Gvr): void {
    const event = ({ object: { metadata } }: { readonly object: KubeObject }): void => {
      for (const worker of this.#workers.values()) {
        worker.onReference(kind, metadata.namespace ?? "", metadata.name ?? "");
      }
    };
    this.#options.registry.watch(resource, {}, { event }, this.#stop.signal);
  }

  /** Pods that were deleted while no engine ran: their containers, sandboxes and files. */
  async #removeOrphans(): Promise<void> {
    const { runtime, directory } = this.#options;
    const orphans = Array.from(this.#leftovers);
    this.#leftovers.clear();
    await Promise.all(
      orphans.map(async ([uid, { containers }]) => {
        const running = Array.from(containers.values()).filter(({ state }) => state === "running");
        const stopping = running.map(({ id }) =>
          runtime.stop(id, { signal: "SIGTERM", graceMilliseconds: ORPHAN_GRACE_MILLISECONDS }),
        );
        await Promise.allSettled(stopping);
        await runtime.removeSandbox(uid);
      }),
    );
    for (const pod of await listPodDirectories(directory)) {
      if (!this.#workers.has(pod.uid)) await new PodDirectory(directory, pod).remove();
    }
  }
}
