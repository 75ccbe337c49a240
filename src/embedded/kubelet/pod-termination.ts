import { errorMessage } from "../../lib/errors.ts";
import type { ContainerStopper } from "./container-stopper.ts";
import type { PodContainers } from "./pod-containers.ts";
import { allContainers, type Pod, type PodContainer } from "./pod.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Upstream gives every container at least this long. */
const MINIMUM_GRACE_MILLISECONDS = 1000;

/** The grace period in force: the deletion's, else the spec's. */
export function graceMilliseconds(pod: Pod): number {
  const seconds = pod.deletionGracePeriodSeconds ?? pod.terminationGracePeriodSeconds;
  return Math.max(MINIMUM_GRACE_MILLISECONDS, seconds * 1000);
}

/** Stops all containers of one pod, once: main containers together, then sidecars from the last to the first. */
export class PodTermination {
  readonly #context: WorkerContext;
  readonly #containers: PodContainers;
  readonly #stopper: ContainerStopper;
  #graceMilliseconds: number;
  #finished = false;

  /** @param done called when nothing runs any more */
  constructor(
    context: WorkerContext,
    containers: PodContainers,
    stopper: ContainerStopper,
    pod: Pod,
    done: () => void,
  ) {
    this.#context = context;
    this.#containers = containers;
    this.#stopper = stopper;
    this.#graceMilliseconds = graceMilliseconds(pod);
    this.#stopAll(pod)
      .catch((error: unknown) => {
        context.logger.warn("a pod was not stopped wholly", { uid: pod.uid, error: errorMessage(error) });
      })
      .finally(() => {
        this.#finished = true;
        done();
      })
      .catch(() => undefined);
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** A second deletion may ask for less time than the first. */
  shorten(pod: Pod): void {
    const grace = graceMilliseconds(pod);
    if (this.#finished || grace >= this.#graceMilliseconds) return;
    this.#graceMilliseconds = grace;
    this.#stopper.hurry(grace);
  }

  async #stopAll(pod: Pod): Promise<void> {
    const { clock } = this.#context;
    const began = clock.now();
    const stop = async (container: PodContainer): Promise<void> => {
      const record = this.#containers.latest(container.name);
      if (record?.phase !== "running") return;
      const remaining = Math.max(MINIMUM_GRACE_MILLISECONDS, began + this.#graceMilliseconds - clock.now());
      const message = `Stopping container ${container.name}`;
      await this.#stopper.stop({ record, container, pod, message, graceMilliseconds: remaining });
    };
    const isSidecar = ({ role }: PodContainer): boolean => role === "sidecar";
    const others = allContainers(pod).filter((container) => !isSidecar(container));
    await Promise.all(others.map(stop));
    for (const sidecar of pod.initContainers.filter(isSidecar).toReversed()) await stop(sidecar);
  }
}
