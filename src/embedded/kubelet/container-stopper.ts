import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { ContainerRecord } from "./container-record.ts";
import { runHandler, type HandlerTarget } from "./handler.ts";
import type { Pod, PodContainer } from "./pod.ts";
import { fieldPathOf, type WorkerContext } from "./worker-context.ts";

/** Upstream's least time between SIGTERM and SIGKILL after a preStop hook. */
const MINIMUM_AFTER_HOOK_MILLISECONDS = 2000;

export interface StopRequest {
  readonly record: ContainerRecord;
  readonly container: PodContainer;
  readonly pod: Pod;
  /** Text of the `Killing` event. */
  readonly message: string;
  readonly graceMilliseconds: number;
}

interface Stopping {
  readonly done: Promise<void>;
  readonly hook: AbortController;
  readonly signal: string;
}

export interface StopperHooks {
  readonly target: (record: ContainerRecord, container: PodContainer) => HandlerTarget;
  /** It begins. */
  readonly stopping: (record: ContainerRecord) => void;
  /** The runtime says that it has ended. */
  readonly ended: (record: ContainerRecord) => Promise<void>;
  /** It is over, also where it failed. */
  readonly stopped: () => void;
}

/** Stops containers of one pod gracefully: preStop hook, signal, grace period, SIGKILL. */
export class ContainerStopper {
  readonly #context: WorkerContext;
  readonly #hooks: StopperHooks;
  readonly #stopping = new Map<string, Stopping>();

  constructor(context: WorkerContext, hooks: StopperHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  isStopping(id: string): boolean {
    return this.#stopping.has(id);
  }

  /** Resolves when the container has ended. A second request for the same one waits for the first. Never throws. */
  stop(request: StopRequest): Promise<void> {
    const { record, container, pod, message } = request;
    const known = this.#stopping.get(record.id);
    if (known !== undefined) return known.done;
    this.#context.recorder.event(pod.object, "Normal", "Killing", message, fieldPathOf(container));
    this.#hooks.stopping(record);
    const hook = new AbortController();
    const done = this.#run(request, hook)
      .then(() => this.#hooks.ended(record))
      .catch((error: unknown) => {
        this.#context.logger.warn("a container was not stopped", { id: record.id, error: errorMessage(error) });
      })
      .finally(() => {
        this.#stopping.delete(record.id);
        this.#hooks.stopped();
      });
    this.#stopping.set(record.id, { done, hook, signal: container.stopSignal });
    return done;
  }

  /** Gives everything that is being stopped no more than this long. */
  hurry(graceMilliseconds: number): void {
    for (const [id, stopping] of this.#stopping) {
      stopping.hook.abort();
      this.#context.runtime.stop(id, { signal: stopping.signal, graceMilliseconds }).catch((error: unknown) => {
        this.#context.logger.warn("a container was not stopped sooner", { id, error: errorMessage(error) });
      });
    }
  }

  async #run(request: StopRequest, hook: AbortController): Promise<void> {
    const { record, container, graceMilliseconds } = request;
    const { clock, runtime } = this.#context;
    const began = clock.now();
    let remaining = graceMilliseconds;
    if (container.preStop !== undefined && graceMilliseconds > 0) {
      await this.#runHook(request, hook, clock);
      if (!hook.signal.aborted || remaining > MINIMUM_AFTER_HOOK_MILLISECONDS) {
        remaining = Math.max(MINIMUM_AFTER_HOOK_MILLISECONDS, graceMilliseconds - (clock.now() - began));
      }
    }
    await runtime.stop(record.id, { signal: container.stopSignal, graceMilliseconds: remaining });
  }

  async #runHook(
    { record, container, pod, graceMilliseconds }: StopRequest,
    hook: AbortController,
    clock: Clock,
  ): Promise<void> {
    const cancel = clock.after(graceMilliseconds, () => hook.abort(), { background: true });
    const result = await runHandler(container.preStop ?? {}, this.#hooks.target(record, container), hook.signal);
    cancel();
    if (result.success) return;
    const message = `PreStopHook failed${result.output === "" ? "" : `: ${result.output}`}`;
    this.#context.recorder.event(pod.object, "Warning", "FailedPreStopHook", message, fieldPathOf(container));
  }
}
