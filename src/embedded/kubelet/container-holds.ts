import type { Cancel } from "../../lib/clock.ts";
import type { Pod, PodContainer } from "./pod.ts";
import type { Waiting } from "./pod-status.ts";
import { backOffKey, type Hold } from "./sync-plan.ts";
import { fieldPathOf, type WorkerContext } from "./worker-context.ts";

/** For containers whose settings cannot be put into effect. */
const RETRY_MILLISECONDS = 10_000;
/** How long the error of a pull is shown before it becomes ImagePullBackOff. */
const IMAGE_ERROR_MILLISECONDS = 2000;

/** Containers of one pod that could not be made, and when each is tried again. */
export class ContainerHolds {
  readonly #context: WorkerContext;
  readonly #changed: () => void;
  readonly #holds = new Map<string, Hold>();
  readonly #timers = new Map<string, Cancel>();

  constructor(context: WorkerContext, changed: () => void) {
    this.#context = context;
    this.#changed = changed;
  }

  get all(): ReadonlyMap<string, Hold> {
    return this.#holds;
  }

  clear(container: PodContainer): void {
    this.#holds.delete(container.name);
    this.#timers.get(container.name)?.();
    this.#timers.delete(container.name);
  }

  /** Something referred to has changed: what waited for it is tried now. */
  retryConfiguration(): void {
    for (const [name, hold] of this.#holds) {
      if (hold.waiting.reason === "CreateContainerConfigError") this.#holds.set(name, { ...hold, until: 0 });
    }
  }

  add(container: PodContainer, waiting: Waiting): void {
    this.#holds.set(container.name, { waiting, until: this.#context.clock.now() + RETRY_MILLISECONDS });
  }

  /** First the error itself is shown, soon after that kelpie backs off, as upstream does. */
  addImage(pod: Pod, container: PodContainer, waiting: Waiting): void {
    if (waiting.reason !== "ErrImagePull") return this.add(container, waiting);
    const { clock, backOff, recorder } = this.#context;
    const now = clock.now();
    const key = `${backOffKey(pod, container)}/image`;
    backOff.next(key, now);
    const until = now + backOff.remaining(key, now);
    this.#holds.set(container.name, { waiting, until });
    const cancel = clock.after(
      IMAGE_ERROR_MILLISECONDS,
      () => {
        const message = `Back-off pulling image "${container.image}"`;
        recorder.event(pod.object, "Normal", "BackOff", message, fieldPathOf(container));
        recorder.event(pod.object, "Warning", "Failed", "Error: ImagePullBackOff", fieldPathOf(container));
        const text = `${message}: ErrImagePull: ${waiting.message ?? ""}`;
        this.#holds.set(container.name, { waiting: { reason: "ImagePullBackOff", message: text }, until });
        this.#changed();
      },
      { background: true },
    );
    this.#timers.get(container.name)?.();
    this.#timers.set(container.name, cancel);
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
