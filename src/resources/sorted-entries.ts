/** Compares by code units: the order of keys in Go. */
function byText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The fields of an object sorted by name. */
export function sortedEntries(fields: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, unknown]> {
  return Object.entries(fields).sort(([left], [right]) => byText(left, right));
}
