import { gvrKey, type Gvr } from "../../src/lib/kube/gvr.ts";
import { asRecord, type KubeObject } from "../../src/lib/kube/object.ts";
import { matchesLabels, parseFieldSelector, parseLabelSelector } from "../../src/lib/kube/selector.ts";
import { at } from "../../src/lib/kube/object.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** An object with its JSON text, so that lists of 10,000 are concatenations. */
export interface StoredObject {
  readonly object: KubeObject;
  readonly text: string;
  readonly resourceVersion: number;
}

export interface StoreEvent {
  readonly type: EventType;
  readonly key: string;
  readonly stored: StoredObject;
}

export interface Selection {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

/** The objects of the fake server, one version counter, and the history that watches resume from. */
export class FakeApiStore {
  #version = 1000;
  #compacted = 0;
  readonly #collections = new Map<string, Map<string, StoredObject>>();
  readonly #history: StoreEvent[] = [];
  readonly #listeners = new Set<(event: StoreEvent) => void>();

  get version(): number {
    return this.#version;
  }

  /** Versions older than this are answered with 410. */
  get compacted(): number {
    return this.#compacted;
  }

  compact(): void {
    this.#version += 1;
    this.#compacted = this.#version;
    this.#history.length = 0;
  }

  /** Everything is lost and counting begins anew, as when a cluster is made again under the same address. */
  wipe(): void {
    this.#version = 1;
    this.#compacted = 0;
    this.#history.length = 0;
    this.#collections.clear();
  }

  collection(gvr: Gvr): Map<string, StoredObject> {
    const key = gvrKey(gvr);
    const found = this.#collections.get(key);
    if (found !== undefined) return found;
    const created = new Map<string, StoredObject>();
    this.#collections.set(key, created);
    return created;
  }

  get(gvr: Gvr, namespace: string, name: string): StoredObject | undefined {
    return this.collection(gvr).get(`${namespace}/${name}`);
  }

  /** Stores a new version of an object and tells the watches. */
  put(gvr: Gvr, object: KubeObject): StoredObject {
    const { namespace = "", name = "" } = object.metadata;
    const collection = this.collection(gvr);
    const path = `${namespace}/${name}`;
    const type = collection.has(path) ? "MODIFIED" : "ADDED";
    const stored = this.#stamp(object);
    collection.set(path, stored);
    this.#publish({ type, key: gvrKey(gvr), stored });
    return stored;
  }

  delete(gvr: Gvr, namespace: string, name: string): StoredObject | undefined {
    const collection = this.collection(gvr);
    const found = collection.get(`${namespace}/${name}`);
    if (found === undefined) return undefined;
    collection.delete(`${namespace}/${name}`);
    const stored = this.#stamp(found.object);
    this.#publish({ type: "DELETED", key: gvrKey(gvr), stored });
    return stored;
  }

  /** Fills the store without events. */
  seed(gvr: Gvr, object: KubeObject): void {
    const { namespace = "", name = "" } = object.metadata;
    this.collection(gvr).set(`${namespace}/${name}`, this.#stamp(object));
  }

  select(gvr: Gvr, selection: Selection): StoredObject[] {
    const matches = matcher(selection);
    return [...this.collection(gvr).values()].filter(({ object }) => matches(object));
  }

  /** Events after `version`, oldest first, then every new one. Returns the end of the subscription. */
  watch(gvr: Gvr, version: number, selection: Selection, listener: (event: StoreEvent) => void): () => void {
    const key = gvrKey(gvr);
    const matches = matcher(selection);
    const relevant = (event: StoreEvent): boolean => event.key === key && matches(event.stored.object);
    for (const event of this.#history) {
      if (event.stored.resourceVersion > version && relevant(event)) listener(event);
    }
    const onEvent = (event: StoreEvent): void => {
      if (relevant(event)) listener(event);
    };
    this.#listeners.add(onEvent);
    return () => this.#listeners.delete(onEvent);
  }

  #stamp(object: KubeObject): StoredObject {
    this.#version += 1;
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    return { object: stamped, text: JSON.stringify(stamped), resourceVersion: this.#version };
  }

  #publish(event: StoreEvent): void {
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function matcher(selection: Selection): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(selection.labelSelector);
  const fields = parseFieldSelector(selection.fieldSelector);
  return (object) =>
    (selection.namespace === "" || object.metadata.namespace === selection.namespace) &&
    matchesLabels(labels, object.metadata.labels) &&
    fields.every(({ field, operator, value }) => {
      const actual = at(asRecord(object), ...field.split("."));
      return ((typeof actual === "string" ? actual : "") === value) === (operator === "=");
    });
}
