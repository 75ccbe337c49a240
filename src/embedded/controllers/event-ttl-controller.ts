import type { Cancel } from "../../lib/clock.ts";
import { asString, type KubeObject } from "../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../machinery/registry.ts";
import { isNotFound } from "../machinery/status-error.ts";
import type { Controller, ControllerContext } from "./runtime/controller.ts";
import { timeOf } from "./runtime/pod-state.ts";
import { createWorkQueue } from "./runtime/work-queue.ts";

/** kube-apiserver --event-ttl. */
const TIME_TO_LIVE = 3_600_000;
/** Events that expire within this of each other go together. */
const BATCH = 60_000;

/** Deletes events an hour after they last happened: what upstream leaves to leases of etcd. */
export function createEventTtlController(context: ControllerContext): Controller {
  const { registry, informers, clock, signal } = context;
  const events = informers.get(RESOURCES.events);
  let timer: { readonly at: number; readonly cancel: Cancel } | undefined;
  const queue = createWorkQueue({
    name: "event-ttl",
    clock,
    logger: context.logger.child("event-ttl-controller"),
    signal,
    concurrency: 1,
    process: sweep,
  });

  async function sweep(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    const now = clock.now();
    for (const event of events.list()) {
      if (expiry(event) > now) arm(expiry(event));
      else await remove(event);
    }
  }

  async function remove(event: KubeObject): Promise<void> {
    try {
      await registry.delete(RESOURCES.events, keyOf(event));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  function arm(at: number): void {
    if (signal.aborted || (timer !== undefined && timer.at <= at + BATCH)) return;
    timer?.cancel();
    const wait = Math.max(0, at + BATCH - clock.now());
    timer = { at: at + BATCH, cancel: clock.after(wait, () => queue.add("all"), { background: true }) };
  }

  signal.addEventListener("abort", () => timer?.cancel(), { once: true });
  events.listen({ added: (event) => arm(expiry(event)) });
  return {
    start() {
      queue.add("all");
      queue.start();
    },
  };
}

function expiry(event: KubeObject): number {
  const series = event["series"];
  const last =
    typeof series === "object" && series !== null && "lastObservedTime" in series ? series.lastObservedTime : "";
  const times = [last, event["lastTimestamp"], event["eventTime"], event.metadata.creationTimestamp];
  return Math.max(...times.map((time) => timeOf(asString(time)))) + TIME_TO_LIVE;
}
