/** A field that should hold a text, number or boolean, as a text; anything else as JSON, so that nothing is hidden. */
export function scalarText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "" : JSON.stringify(value);
}

/** Compares by code units: the order of keys in Go. */
export function byText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The fields of an object sorted by name. */
export function sortedEntries(fields: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, unknown]> {
  return Object.entries(fields).sort(([left], [right]) => byText(left, right));
}
