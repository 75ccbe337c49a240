import type { KubeObject } from "../../lib/kube/object.ts";

/**
 * One version of one object. The parsed form and its JSON text are kept side by side, each made at most once: lists
 * and watches are concatenations of texts, selectors read the parsed form. Never change `object`.
 */
export class StoredObject {
  readonly resourceVersion: number;
  #object: KubeObject | undefined;
  #json: string | undefined;

  private constructor(resourceVersion: number, object: KubeObject | undefined, json: string | undefined) {
    this.resourceVersion = resourceVersion;
    this.#object = object;
    this.#json = json;
  }

  /** `object` gets `resourceVersion` in its metadata. */
  static fromObject(object: KubeObject, resourceVersion: number): StoredObject {
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
    return new StoredObject(resourceVersion, stamped, undefined);
  }

  static fromJson(json: string, resourceVersion: number): StoredObject {
    return new StoredObject(resourceVersion, undefined, json);
  }

  /** The same object under another resourceVersion: what a watcher is told last. */
  at(resourceVersion: number): StoredObject {
    return StoredObject.fromObject(this.object, resourceVersion);
  }

  get object(): KubeObject {
    // The text was written by this class: it is a KubeObject.
    this.#object ??= JSON.parse(this.#json ?? "") as KubeObject;
    return this.#object;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.#object);
    return this.#json;
  }
}
