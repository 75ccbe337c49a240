import type { KubeObject } from "../../lib/kube/object.ts";
import type { Join } from "./joins.ts";

interface Changes {
  readonly changed: Iterable<string>;
  readonly removed: Iterable<string>;
}

/** What the objects of a list add to the rows of another; kept up to date with work proportional to what changed. */
export class JoinIndex<Value> {
  readonly #join: Join<Value>;
  /** By the key of an object of the list: the rows it adds to. */
  readonly #paths = new Map<string, readonly string[]>();
  /** By path of a row, then by the key of the object: what it adds. */
  readonly #parts = new Map<string, Map<string, Value>>();
  readonly #sums = new Map<string, Value>();

  constructor(join: Join<Value>) {
    this.#join = join;
  }

  clear(): void {
    for (const map of [this.#paths, this.#parts, this.#sums]) map.clear();
  }

  /** @returns the rows that may read otherwise now */
  apply(rows: ReadonlyMap<string, { readonly object: KubeObject }>, changes: Changes): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const key of changes.removed) this.#take(key, touched);
    for (const key of changes.changed) {
      const row = rows.get(key);
      this.#take(key, touched);
      if (row !== undefined) this.#put(key, row.object, touched);
    }
    for (const path of touched) this.#sums.delete(path);
    return touched;
  }

  valueOf(path: string): Value {
    const known = this.#sums.get(path);
    if (known !== undefined) return known;
    let sum = this.#join.none;
    for (const part of this.#parts.get(path)?.values() ?? []) sum = this.#join.add(sum, part);
    this.#sums.set(path, sum);
    return sum;
  }

  #put(key: string, object: KubeObject, touched: Set<string>): void {
    const parts = this.#join.partsOf(object);
    if (parts.length === 0) return;
    this.#paths.set(
      key,
      parts.map(([path]) => path),
    );
    for (const [path, part] of parts) {
      const at = this.#parts.get(path);
      if (at === undefined) this.#parts.set(path, new Map([[key, part]]));
      else at.set(key, part);
      touched.add(path);
    }
  }

  #take(key: string, touched: Set<string>): void {
    for (const path of this.#paths.get(key) ?? []) {
      const at = this.#parts.get(path);
      at?.delete(key);
      if (at?.size === 0) this.#parts.delete(path);
      touched.add(path);
    }
    this.#paths.delete(key);
  }
}
