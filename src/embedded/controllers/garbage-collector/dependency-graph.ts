import type { ApiResource } from "../../../lib/kube/gvr.ts";
import type { KubeObject, OwnerReference } from "../../../lib/kube/object.ts";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

/** An object as the garbage collector sees it. */
export interface GraphNode {
  readonly uid: string;
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

export function graphNode(resource: ApiResource, object: KubeObject): GraphNode {
  const { uid = "", namespace = "", name = "", ownerReferences, finalizers, deletionTimestamp } = object.metadata;
  return {
    uid,
    resource,
    namespace,
    name,
    owners: ownerReferences ?? [],
    deleting: deletionTimestamp !== undefined,
    finalizers: finalizers ?? [],
  };
}

/** Being deleted, but not before its dependents are. */
export function waitsForDependents(node: Pick<GraphNode, "deleting" | "finalizers">): boolean {
  return node.deleting && node.finalizers.includes(FOREGROUND);
}

/** Being deleted, but not before its dependents have forgotten it. */
export function waitsForOrphaning(node: Pick<GraphNode, "deleting" | "finalizers">): boolean {
  return node.deleting && node.finalizers.includes(ORPHAN);
}

/** Who owns whom, by uid. An owner that does not exist may have dependents too. */
export class DependencyGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  nodes(): Iterable<GraphNode> {
    return this.#nodes.values();
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    const dependents: GraphNode[] = [];
    for (const each of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(each);
      if (node !== undefined) dependents.push(node);
    }
    return dependents;
  }

  /** @returns the node as it was before */
  set(node: GraphNode): GraphNode | undefined {
    const before = this.#nodes.get(node.uid);
    for (const owner of before?.owners ?? []) this.#unlink(owner.uid, node.uid);
    this.#nodes.set(node.uid, node);
    for (const owner of node.owners) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) this.#dependents.set(owner.uid, new Set([node.uid]));
      else dependents.add(node.uid);
    }
    return before;
  }

  delete(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    for (const owner of node.owners) this.#unlink(owner.uid, uid);
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}
