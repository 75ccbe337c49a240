/**
 * The value under a key that came from outside, `undefined` where the record has none of its own: `constructor` and the
 * like are in every object.
 */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
