/** A field that should hold a text, number or boolean, as a text; anything else as JSON, so that nothing is hidden. */
export function scalarText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "" : JSON.stringify(value);
}
