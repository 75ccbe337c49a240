import type { Cluster, ListSnapshot, ResourceStore } from "../cluster/cluster.ts";
import type { TargetObject } from "../hotkeys/action.ts";
import type { Cancel, Clock } from "../lib/clock.ts";
import { Disposer } from "../lib/disposer.ts";
import { errorMessage } from "../lib/errors.ts";
import { apiVersionOf } from "../lib/kube/gvr.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { freshnessOf } from "./list-freshness.ts";
import type { Freshness } from "./view.ts";

/** What is known of one object now. */
export interface LiveObjectState {
  /** `undefined` until the whole object has come once. Without managedFields. */
  readonly object: KubeObject | undefined;
  /** It was there and is no more; `object` is how it was last. */
  readonly deleted: boolean;
  readonly freshness: Freshness;
}

/** Between two reads where the user may get an object but not watch its kind. */
const POLL_MILLISECONDS = 5000;

/**
 * One object, kept up to date: a list with `metadata.name` as its field selector, so that the watch is shared and
 * resumed like any other. Where listing is not allowed the object is read again and again instead.
 */
export class LiveObject {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #target: TargetObject;
  readonly #store: ResourceStore;
  readonly #state;

  constructor(cluster: Cluster, clock: Clock, target: TargetObject) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#target = target;
    this.#store = cluster.store({
      resource: target.resource,
      namespace: target.namespace,
      fieldSelector: `metadata.name=${target.name}`,
      form: "objects",
    });
    this.#state = createValue<LiveObjectState>({
      object: isWhole(target.object) ? this.#named(target.object) : undefined,
      deleted: false,
      freshness: { state: "loading", loaded: 0 },
    });
  }

  get state(): Subscribable<LiveObjectState> {
    return this.#state;
  }

  /**
   * Keeps `state` up to date and calls `listener` at every change from now on, until what it returns is called. One
   * caller at a time.
   */
  watch(listener: () => void): Cancel {
    const watched = new Disposer();
    watched.add(this.#store.subscribe(() => this.#take(this.#store.get(), watched)));
    this.#take(this.#store.get(), watched);
    watched.add(this.#state.subscribe(listener));
    return () => watched.dispose();
  }

  reload(): void {
    this.#store.reload();
  }

  #take(snapshot: ListSnapshot, watched: Disposer): void {
    if (snapshot.status.state === "denied") {
      if (!this.#polling) this.#poll(watched);
      return;
    }
    const freshness = freshnessOf(snapshot.status);
    const found = [...snapshot.rows.values()].find((row) => row.object.metadata.name === this.#target.name);
    if (found !== undefined) {
      this.#state.set({ object: this.#named(found.object), deleted: false, freshness });
      return;
    }
    const deleted = snapshot.status.state === "live";
    this.#state.update((state) => ({ ...state, deleted: deleted || state.deleted, freshness }));
  }

  #polling = false;

  #poll(watched: Disposer): void {
    this.#polling = true;
    let cancel: Cancel = () => undefined;
    watched.add(() => {
      this.#polling = false;
      cancel();
    });
    const again = (): void => {
      cancel = this.#clock.after(POLL_MILLISECONDS, read, { background: true });
    };
    const read = (): void => {
      const { resource, namespace, name } = this.#target;
      this.#cluster.get({ resource, namespace, name }).then(
        (object) => {
          if (watched.disposed) return;
          this.#state.set({ object: this.#named(object), deleted: false, freshness: { state: "live", mode: "poll" } });
          again();
        },
        (error: unknown) => {
          if (watched.disposed) return;
          const freshness: Freshness = { state: "denied", reason: errorMessage(error) };
          this.#state.update((state) => ({ ...state, freshness }));
          again();
        },
      );
    };
    read();
  }

  /** Items of lists carry neither apiVersion nor kind; both come first, as in a manifest. */
  #named(object: KubeObject): KubeObject {
    const { resource } = this.#target;
    const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
    const { managedFields: _managed, ...kept } = metadata;
    return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: kept, ...rest };
  }
}

/** Rows of a server's Table carry metadata only. */
function isWhole(object: KubeObject): boolean {
  if (object.kind === "PartialObjectMetadata") return false;
  return Object.keys(object).some((field) => !["apiVersion", "kind", "metadata"].includes(field));
}
