import { isRecord } from "./object.ts";

const OBJECT_FIRST = ["apiVersion", "kind", "metadata"] as const;
const OBJECT_LAST = ["status"] as const;
const METADATA_FIRST = ["name", "namespace"] as const;

/**
 * A whole object in the order people read it: fields alphabetical as `kubectl get -o yaml` prints them, but
 * apiVersion, kind and metadata first, status last, and in metadata the name and namespace first. Lists keep their order.
 */
export function inReadingOrder(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return ordered(object, OBJECT_FIRST, OBJECT_LAST, (key, value) =>
    key === "metadata" && isRecord(value)
      ? ordered(value, METADATA_FIRST, [], (_, each) => sorted(each))
      : sorted(value),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  return isRecord(value) ? ordered(value, [], [], (_, each) => sorted(each)) : value;
}

function ordered(
  record: Readonly<Record<string, unknown>>,
  first: readonly string[],
  last: readonly string[],
  valueOf: (key: string, value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  const rank = (key: string): number => {
    const index = first.indexOf(key);
    if (index !== -1) return index;
    return last.includes(key) ? first.length + 1 : first.length;
  };
  const keys = Object.keys(record).sort((left, right) => rank(left) - rank(right) || (left < right ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, valueOf(key, record[key])]));
}
