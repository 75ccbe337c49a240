import type { Cluster, PortForward } from "../cluster/cluster.ts";
import { createValue, type Subscribable, type Unsubscribe } from "../lib/subscribable.ts";

/** The port-forwards of every context that was opened: those of another context than the one on screen go on. */
export class Forwards implements Subscribable<readonly PortForward[]> {
  readonly #clusters = new Set<Cluster>();
  readonly #value = createValue<readonly PortForward[]>([]);

  get(): readonly PortForward[] {
    return this.#value.get();
  }

  subscribe(listener: () => void): Unsubscribe {
    return this.#value.subscribe(listener);
  }

  /** Shows the forwards of a cluster from now on. */
  follow(cluster: Cluster): void {
    if (this.#clusters.has(cluster)) return;
    this.#clusters.add(cluster);
    cluster.portForwards.subscribe(() => this.#read());
    this.#read();
  }

  stop(id: string): void {
    for (const { portForwards } of this.#clusters) portForwards.stop(id);
  }

  #read(): void {
    this.#value.set([...this.#clusters].flatMap(({ portForwards }) => portForwards.get()));
  }
}
