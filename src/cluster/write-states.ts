import { apiPath, groupResource } from "../lib/kube/gvr.ts";
import { asNumber, at, type KubeObject } from "../lib/kube/object.ts";
import type { JournalEntry, ObjectTarget } from "./cluster.ts";
import type { HttpClient } from "./http-client.ts";
import { rowOfObject } from "./row-reader.ts";

/** A write waits no longer for what only the journal wants. */
const READ_MILLISECONDS = 2000;
const MOST_REMEMBERED = 200;

/** What the journal tells of an object before and after a write, without managedFields and status. */
export class WriteStates {
  readonly #client: HttpClient;
  readonly #live: (target: ObjectTarget) => KubeObject | undefined;
  /** By uid, the version that a write of ours replaced: a watch that still tells of it is behind. */
  readonly #replaced = new Map<string, string | undefined>();

  constructor(client: HttpClient, live: (target: ObjectTarget) => KubeObject | undefined) {
    this.#client = client;
    this.#live = live;
  }

  /**
   * What a live watch has, which costs nothing; else one read. Never throws: a write does not depend on it. An eviction
   * cannot be taken back, so nothing is read for it.
   */
  async before(operation: JournalEntry["operation"], target: ObjectTarget): Promise<KubeObject | undefined> {
    if (operation === "create") return undefined;
    const known = this.#live(target);
    const { uid = "", resourceVersion } = known?.metadata ?? {};
    const behind = this.#replaced.has(uid) && this.#replaced.get(uid) === resourceVersion;
    if (known !== undefined && (!behind || operation === "evict")) return stateOf(known);
    return operation === "evict" ? undefined : this.#read(target);
  }

  /** @param answer what the server answered the write with */
  after(
    operation: JournalEntry["operation"],
    target: ObjectTarget,
    before: KubeObject | undefined,
    answer: unknown,
  ): KubeObject | undefined {
    if (before?.metadata.uid !== undefined) this.#remember(before.metadata.uid, before.metadata.resourceVersion);
    if (operation === "delete" || operation === "evict") return undefined;
    if (at(answer, "kind") === "Scale") return scaled(before, answer);
    const object = rowOfObject(answer, target.resource)?.object;
    return object === undefined || at(answer, "kind") === "Status" ? undefined : stateOf(object);
  }

  #remember(uid: string, version: string | undefined): void {
    const [oldest] = this.#replaced.keys();
    if (oldest !== undefined && this.#replaced.size >= MOST_REMEMBERED) this.#replaced.delete(oldest);
    this.#replaced.set(uid, version);
  }

  async #read(target: ObjectTarget): Promise<KubeObject | undefined> {
    const { resource, name } = target;
    const namespace = resource.namespaced ? target.namespace : "";
    try {
      const answer = await this.#client.json({
        path: apiPath(resource, { namespace, name }),
        about: { verb: "get", resource: groupResource(resource), namespace, name },
        timeoutMilliseconds: READ_MILLISECONDS,
      });
      const object = rowOfObject(answer, resource)?.object;
      if (object === undefined || (target.uid !== undefined && object.metadata.uid !== target.uid)) return undefined;
      return stateOf(object);
    } catch {
      // Not allowed, gone, or too slow: the write itself will tell, and the journal says that it does not know.
      return undefined;
    }
  }
}

function stateOf({ status: _status, ...object }: KubeObject): KubeObject {
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The object that its scale subresource has changed. */
function scaled(before: KubeObject | undefined, scale: unknown): KubeObject | undefined {
  if (before === undefined) return undefined;
  const spec = at(before, "spec");
  const replicas = asNumber(at(scale, "spec", "replicas"));
  return { ...before, spec: { ...(typeof spec === "object" ? spec : {}), replicas } };
}
