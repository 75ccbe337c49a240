import type { Cancel } from "../../lib/clock.ts";
import { asNumber } from "../../lib/kube/object.ts";
import { runHandler, type HandlerTarget } from "./handler.ts";
import type { PodContainer } from "./pod.ts";

export type ProbeKind = "Startup" | "Liveness" | "Readiness";

export interface ProberEvents {
  /** A probe failed: an `Unhealthy` event. */
  unhealthy(kind: ProbeKind, output: string): void;
  /** The start-up or liveness probe has failed too often. */
  kill(kind: "Startup" | "Liveness"): void;
  /** `started` or `ready` has changed. */
  changed(): void;
}

const FIRST_EARLY_WAIT_MILLISECONDS = 100;

interface Schedule {
  readonly kind: ProbeKind;
  readonly action: Readonly<Record<string, unknown>>;
  readonly periodMilliseconds: number;
  readonly timeoutMilliseconds: number;
  readonly initialDelayMilliseconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/**
 * Probes one running container (upstream: pkg/kubelet/prober/worker.go): the start-up probe first, then liveness and
 * readiness; a result counts once its threshold is reached.
 */
export class Prober {
  readonly #target: HandlerTarget;
  readonly #startedAt: number;
  readonly #events: ProberEvents;
  readonly #stop = new AbortController();
  readonly #timers = new Map<ProbeKind, Cancel>();
  #started: boolean;
  #ready: boolean;
  #mayKill = true;

  /**
   * @param startedAt of the container, milliseconds since the epoch
   * @param known results of an earlier engine, for a container that ran on
   */
  constructor(
    target: HandlerTarget,
    startedAt: number,
    events: ProberEvents,
    known: { readonly started: boolean; readonly ready: boolean } | undefined,
  ) {
    this.#target = target;
    this.#startedAt = startedAt;
    this.#events = events;
    const { container } = target;
    this.#started = container.startupProbe === undefined || known?.started === true;
    this.#ready = container.readinessProbe === undefined || known?.ready === true;
  }

  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  start(): void {
    const { startupProbe } = this.#target.container;
    if (startupProbe === undefined || this.#started) this.#startOthers();
    else this.#begin(schedule("Startup", startupProbe));
  }

  stop(): void {
    this.#stop.abort();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** Ends the probes that could kill the container: it is being stopped. */
  stopKilling(): void {
    for (const kind of ["Startup", "Liveness"] as const) {
      this.#timers.get(kind)?.();
      this.#timers.delete(kind);
    }
    this.#mayKill = false;
  }

  #startOthers(): void {
    const { container } = this.#target;
    if (container.livenessProbe !== undefined) this.#begin(schedule("Liveness", container.livenessProbe));
    if (container.readinessProbe !== undefined) this.#begin(schedule("Readiness", container.readinessProbe));
  }

  #begin(probe: Schedule): void {
    const { clock } = this.#target;
    // Upstream's first probe comes one period after the start, which a liveness probe without a delay relies on.
    const patient = probe.kind === "Liveness" && probe.initialDelayMilliseconds === 0;
    const after = patient ? probe.periodMilliseconds : probe.initialDelayMilliseconds;
    const wait = Math.max(0, this.#startedAt + after - clock.now());
    this.#again(probe, wait, { result: undefined, run: 0, early: 0 });
  }

  #again(probe: Schedule, milliseconds: number, streak: Streak): void {
    if (this.#stop.signal.aborted || (!this.#mayKill && probe.kind !== "Readiness")) return;
    const cancel = this.#target.clock.after(
      milliseconds,
      () => {
        this.#probe(probe, streak).catch(() => undefined);
      },
      { background: true },
    );
    this.#timers.set(probe.kind, cancel);
  }

  async #probe(probe: Schedule, streak: Streak): Promise<void> {
    const { clock } = this.#target;
    const began = clock.now();
    const timeout = new AbortController();
    const cancel = clock.after(probe.timeoutMilliseconds, () => timeout.abort(), { background: true });
    const signal = AbortSignal.any([timeout.signal, this.#stop.signal]);
    const { success, output } = await runHandler(probe.action, this.#target, signal);
    cancel();
    if (this.#stop.signal.aborted || (!this.#mayKill && probe.kind !== "Readiness")) return;
    const earlyWait = success ? undefined : this.#earlyWait(probe, streak);
    if (earlyWait !== undefined) return this.#again(probe, earlyWait, { ...streak, early: streak.early + 1 });
    if (!success) this.#events.unhealthy(probe.kind, output);
    const next: Streak = { result: success, run: streak.result === success ? streak.run + 1 : 1, early: streak.early };
    const threshold = success ? probe.successThreshold : probe.failureThreshold;
    const goOn = next.run < threshold || this.#conclude(probe.kind, success);
    if (goOn) this.#again(probe, Math.max(0, began + probe.periodMilliseconds - clock.now()), next);
  }

  /**
   * Upstream's first probe comes up to one period after the start. kelpie looks sooner and more often, so that a pod is
   * ready when its program is; a failure before upstream would have looked counts for nothing.
   * @returns milliseconds to wait, `undefined` after the first period
   */
  #earlyWait(probe: Schedule, { early, run }: Streak): number | undefined {
    const end = this.#startedAt + probe.initialDelayMilliseconds + probe.periodMilliseconds;
    const left = end - this.#target.clock.now();
    if (probe.kind === "Liveness" || run > 0 || left <= 0) return undefined;
    return Math.min(left, FIRST_EARLY_WAIT_MILLISECONDS * 2 ** early);
  }

  /** A threshold is reached. @returns whether to probe on */
  #conclude(kind: ProbeKind, success: boolean): boolean {
    if (kind === "Readiness") {
      if (this.#ready !== success) {
        this.#ready = success;
        this.#events.changed();
      }
      return true;
    }
    if (!success) {
      this.#events.kill(kind);
      return false;
    }
    if (kind === "Liveness") return true;
    this.#started = true;
    this.#events.changed();
    this.#startOthers();
    return false;
  }
}

interface Streak {
  readonly result: boolean | undefined;
  readonly run: number;
  /** Probes of the first period that failed. */
  readonly early: number;
}

function schedule(kind: ProbeKind, probe: Readonly<Record<string, unknown>>): Schedule {
  const seconds = (field: string, otherwise: number): number => asNumber(probe[field], otherwise) * 1000;
  return {
    kind,
    action: probe,
    periodMilliseconds: Math.max(1000, seconds("periodSeconds", 10)),
    timeoutMilliseconds: Math.max(1000, seconds("timeoutSeconds", 1)),
    initialDelayMilliseconds: seconds("initialDelaySeconds", 0),
    successThreshold: Math.max(1, asNumber(probe["successThreshold"], 1)),
    failureThreshold: Math.max(1, asNumber(probe["failureThreshold"], 3)),
  };
}

export function hasProbes(container: PodContainer): boolean {
  return [container.startupProbe, container.livenessProbe, container.readinessProbe].some(
    (probe) => probe !== undefined,
  );
}
