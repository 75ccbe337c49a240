import { asNumber, asRecord } from "../../lib/kube/object.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { HandlerTarget } from "./handler.ts";
import type { PodContainers } from "./pod-containers.ts";
import { containerStatusIn } from "./pod-status.ts";
import { allContainers, type Pod, type PodContainer } from "./pod.ts";
import { hasProbes, Prober } from "./prober.ts";
import { fieldPathOf, type WorkerContext } from "./worker-context.ts";

export interface PodProbersHooks {
  readonly target: (record: ContainerRecord, container: PodContainer) => HandlerTarget;
  readonly pod: () => Pod;
  readonly changed: () => void;
  readonly kill: (
    record: ContainerRecord,
    container: PodContainer,
    message: string,
    graceMilliseconds: number,
  ) => Promise<void>;
}

/** The probes of one pod's running containers. A container without probes is started and ready once it runs. */
export class PodProbers {
  readonly #context: WorkerContext;
  readonly #hooks: PodProbersHooks;
  /** By container id. */
  readonly #probers = new Map<string, Prober>();

  constructor(context: WorkerContext, hooks: PodProbersHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  /** Starts probing what runs and ends probing what does not. */
  update(containers: PodContainers): void {
    const pod = this.#hooks.pod();
    const running = new Set<string>();
    for (const container of allContainers(pod)) {
      const record = containers.latest(container.name);
      if (record?.phase !== "running" || !hasProbes(container)) continue;
      running.add(record.id);
      if (!this.#probers.has(record.id)) this.#begin(record, container, pod);
    }
    for (const [id, prober] of this.#probers) {
      if (running.has(id)) continue;
      prober.stop();
      this.#probers.delete(id);
    }
  }

  started(id: string): boolean {
    return this.#probers.get(id)?.started ?? true;
  }

  ready(id: string): boolean {
    return this.#probers.get(id)?.ready ?? true;
  }

  stopKilling(id: string): void {
    this.#probers.get(id)?.stopKilling();
  }

  stop(): void {
    for (const prober of this.#probers.values()) prober.stop();
    this.#probers.clear();
  }

  #begin(record: ContainerRecord, container: PodContainer, pod: Pod): void {
    const { recorder } = this.#context;
    const status = asRecord(containerStatusIn(pod.status, container.name));
    const same = status["containerID"] === `kelpie://${record.id}`;
    const known = same ? { started: status["started"] === true, ready: status["ready"] === true } : undefined;
    const event = (reason: string, message: string): void =>
      recorder.event(this.#hooks.pod().object, "Warning", reason, message, fieldPathOf(container));
    const prober = new Prober(
      this.#hooks.target(record, container),
      record.startedAt ?? this.#context.clock.now(),
      {
        unhealthy: (kind, output) => event("Unhealthy", `${kind} probe failed: ${output}`),
        kill: (kind) => {
          const message = `Container ${container.name} failed ${kind.toLowerCase()} probe, will be restarted`;
          const probe = kind === "Startup" ? container.startupProbe : container.livenessProbe;
          const grace = asNumber(
            probe?.["terminationGracePeriodSeconds"],
            this.#hooks.pod().terminationGracePeriodSeconds,
          );
          this.#hooks.kill(record, container, message, grace * 1000).catch(() => undefined);
        },
        changed: this.#hooks.changed,
      },
      known,
    );
    this.#probers.set(record.id, prober);
    prober.start();
  }
}
