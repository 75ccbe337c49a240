import { statfs } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asRecord, type KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { RESOURCES, type Registry } from "../machinery/registry.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../machinery/status-error.ts";
import { formatMicroTime } from "../machinery/time.ts";
import type { RuntimeLimitation, RuntimeName } from "../runtimes/runtime.ts";
import { machineFacts, nodeLabels, nodeStatus, nodeSubstance } from "./node-status.ts";

const LEASE_NAMESPACE = "kube-node-lease";
const LEASE_SECONDS = 40;
const LEASE_RENEW_MILLISECONDS = 10_000;
const HEARTBEAT_MILLISECONDS = 300_000;
const MAX_CONFLICTS = 5;

export interface NodeRegistrationOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Whose file system the pods' files lie in. */
  readonly directory: string;
  readonly runtime: RuntimeName;
  readonly limitations: readonly RuntimeLimitation[];
}

/** Keeps the Node object and its lease: the lease every 10 s, the status when it changes and every 5 min. */
export class NodeRegistration {
  readonly #options: NodeRegistrationOptions;
  #node: KubeObject | undefined;
  #heartbeatAt = 0;

  constructor(options: NodeRegistrationOptions) {
    this.#options = options;
  }

  /** As last written: events of the node are about it. */
  get node(): KubeObject | undefined {
    return this.#node;
  }

  /** Registers the node; resolves when it is stored as ready. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#writeStatus();
    const { clock } = this.#options;
    const tick = (): void => {
      this.#tick().catch((error: unknown) => {
        this.#options.logger.warn("the node's lease was not renewed", { error: errorMessage(error) });
      });
    };
    const cancel = clock.every(LEASE_RENEW_MILLISECONDS, tick, { background: true });
    signal.addEventListener("abort", cancel, { once: true });
    tick();
  }

  async #tick(): Promise<void> {
    await this.#renewLease();
    await this.#writeStatus();
  }

  async #writeStatus(): Promise<void> {
    const { registry, nodeName, clock } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const stored = await this.#stored();
      const node = await this.#wanted(stored);
      const now = clock.now();
      const due = now - this.#heartbeatAt >= HEARTBEAT_MILLISECONDS;
      if (!due && nodeSubstance(node) === nodeSubstance(stored)) return;
      const key = { namespace: "", name: nodeName };
      try {
        const relabelled =
          JSON.stringify(stored.metadata.labels) === JSON.stringify(node.metadata.labels)
            ? stored
            : await registry.update(RESOURCES.nodes, key, node);
        this.#node = await registry.updateStatus(RESOURCES.nodes, key, { ...relabelled, status: node["status"] });
        this.#heartbeatAt = now;
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= MAX_CONFLICTS) throw error;
      }
    }
  }

  async #stored(): Promise<KubeObject> {
    const { registry, nodeName } = this.#options;
    const key = { namespace: "", name: nodeName };
    try {
      return await registry.get(RESOURCES.nodes, key);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const node: KubeObject = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: nodeName, labels: nodeLabels(nodeName) },
      spec: {},
    };
    try {
      return await registry.create(RESOURCES.nodes, "", node);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return await registry.get(RESOURCES.nodes, key);
    }
  }

  async #wanted(stored: KubeObject): Promise<KubeObject> {
    const { nodeName, runtime, limitations, clock, directory } = this.#options;
    const disk = await statfs(directory).catch(() => undefined);
    const facts = machineFacts({
      total: disk === undefined ? 0 : disk.blocks * disk.bsize,
      available: disk === undefined ? 0 : disk.bavail * disk.bsize,
    });
    const input = { name: nodeName, runtime, limitations, facts, now: clock.now() };
    return {
      ...stored,
      metadata: { ...stored.metadata, labels: { ...stored.metadata.labels, ...nodeLabels(nodeName) } },
      status: nodeStatus(input, asRecord(stored["status"])),
    };
  }

  async #renewLease(): Promise<void> {
    const { registry, nodeName, clock } = this.#options;
    const key = { namespace: LEASE_NAMESPACE, name: nodeName };
    const renewTime = formatMicroTime(clock.now());
    try {
      await registry.patch(RESOURCES.leases, key, "merge", { spec: { renewTime } });
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const uid = this.#node?.metadata.uid;
    const owner = { apiVersion: "v1", kind: "Node", name: nodeName };
    await registry.create(RESOURCES.leases, LEASE_NAMESPACE, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: nodeName, ...(uid === undefined ? {} : { ownerReferences: [{ ...owner, uid }] }) },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime },
    });
  }
}
