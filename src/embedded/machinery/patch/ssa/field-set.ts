import type { Json } from "../../../../lib/kube/object.ts";
import { isJsonObject, type JsonObject, type MutableJsonObject } from "../../json.ts";

/**
 * A set of fields as structured-merge-diff has it: a tree of path elements. An element is written as in `fieldsV1`:
 * `f:name` a field, `k:{…}` a list item by its keys, `v:…` a list item by its value.
 */
export type FieldSet = ReadonlyMap<string, FieldNode>;

export interface FieldNode {
  /** The path that ends here is in the set itself, not only something below it. */
  readonly isMember: boolean;
  readonly children: FieldSet;
}

export const EMPTY_SET: FieldSet = new Map();

/** Collects paths; `set` is what was collected. */
export class FieldSetBuilder {
  readonly #root = new Map<string, MutableNode>();

  add(path: readonly string[]): void {
    let level = this.#root;
    let node: MutableNode | undefined;
    for (const element of path) {
      node = level.get(element);
      if (node === undefined) {
        node = { isMember: false, children: new Map() };
        level.set(element, node);
      }
      level = node.children;
    }
    if (node !== undefined) node.isMember = true;
  }

  get set(): FieldSet {
    return this.#root;
  }
}

interface MutableNode {
  isMember: boolean;
  readonly children: Map<string, MutableNode>;
}

export function isEmptySet(set: FieldSet): boolean {
  for (const node of set.values()) if (node.isMember || !isEmptySet(node.children)) return false;
  return true;
}

function combine(left: FieldSet, right: FieldSet, keep: (inLeft: boolean, inRight: boolean) => boolean): FieldSet {
  const result = new Map<string, FieldNode>();
  const visit = (element: string): void => {
    const a = left.get(element);
    const b = right.get(element);
    const isMember = keep(a?.isMember === true, b?.isMember === true);
    const children = combine(a?.children ?? EMPTY_SET, b?.children ?? EMPTY_SET, keep);
    if (isMember || children.size > 0) result.set(element, { isMember, children });
  };
  for (const element of left.keys()) visit(element);
  for (const element of right.keys()) if (!left.has(element)) visit(element);
  return result;
}

export function unionOf(left: FieldSet, right: FieldSet): FieldSet {
  if (left.size === 0) return right;
  return right.size === 0 ? left : combine(left, right, (a, b) => a || b);
}

export function intersectionOf(left: FieldSet, right: FieldSet): FieldSet {
  return left.size === 0 || right.size === 0 ? EMPTY_SET : combine(left, right, (a, b) => a && b);
}

export function differenceOf(left: FieldSet, right: FieldSet): FieldSet {
  return left.size === 0 || right.size === 0 ? left : combine(left, right, (a, b) => a && !b);
}

/** `left` without the members of `right` and everything below them. */
export function recursiveDifferenceOf(left: FieldSet, right: FieldSet): FieldSet {
  if (left.size === 0 || right.size === 0) return left;
  const result = new Map<string, FieldNode>();
  for (const [element, node] of left) {
    const other = right.get(element);
    if (other?.isMember === true) continue;
    const children = other === undefined ? node.children : recursiveDifferenceOf(node.children, other.children);
    if (node.isMember || children.size > 0) result.set(element, { isMember: node.isMember, children });
  }
  return result;
}

/** The set of one or more paths of field names. */
export function setOfFields(paths: ReadonlyArray<readonly string[]>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.add(path.map((name) => `f:${name}`));
  return builder.set;
}

/** `fieldsV1` of a managedFields entry. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const result: MutableJsonObject = {};
  for (const [element, node] of sorted(set)) {
    const children = toFieldsV1(node.children);
    result[element] = node.isMember && node.children.size > 0 ? { ".": {}, ...children } : children;
  }
  return result;
}

export function fromFieldsV1(fields: Json | undefined): FieldSet {
  const result = new Map<string, FieldNode>();
  if (!isJsonObject(fields)) return result;
  for (const [element, value] of Object.entries(fields)) {
    if (element === ".") continue;
    const children = fromFieldsV1(value);
    result.set(element, { isMember: children.size === 0 || (isJsonObject(value) && "." in value), children });
  }
  return result;
}

function sorted(set: FieldSet): ReadonlyArray<readonly [string, FieldNode]> {
  return [...set].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Every member as messages write it, `.spec.lm[name="z"].sub`: at each level the members first. */
export function memberPaths(set: FieldSet, prefix = ""): readonly string[] {
  const paths: string[] = [];
  const elements = sorted(set);
  for (const [element, node] of elements) if (node.isMember) paths.push(prefix + shownElement(element));
  for (const [element, node] of elements) paths.push(...memberPaths(node.children, prefix + shownElement(element)));
  return paths;
}

/** A path element as messages write it. */
export function shownElement(element: string): string {
  const value = element.slice(2);
  if (element.startsWith("f:")) return `.${value}`;
  if (!element.startsWith("k:")) return `[=${value}]`;
  const keys: unknown = JSON.parse(value);
  const parts = Object.entries(isJsonObject(keys) ? keys : {}).map(([key, part]) => `${key}=${JSON.stringify(part)}`);
  return `[${parts.join(",")}]`;
}
