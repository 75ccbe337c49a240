import { isRecord } from "../../../lib/kube/object.ts";
import { parseQuantity } from "../../../lib/quantity.ts";

/** Fields whose values are quantities by name: `1` and `1000m` are the same there. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(["limits", "requests", "capacity", "allocatable"]);

/**
 * Equality as apimachinery's `Semantic.DeepEqual` sees it: nothing, null and an empty list or map are the same, and
 * quantities are equal by value.
 */
export function isSemanticallyEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, false);
}

function equal(a: unknown, b: unknown, quantities: boolean): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index], false));
  }
  if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (!equal(a[key], b[key], quantities || QUANTITY_MAPS.has(key))) return false;
    }
    return true;
  }
  if (!quantities) return false;
  const quantity = parseQuantity(a);
  return quantity !== undefined && quantity === parseQuantity(b);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}
