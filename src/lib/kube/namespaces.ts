/**
 * The namespaces a text names: none for `""`, which stands for all of them, one for `web`, several for `web,shop`. Each
 * comes once, in the order typed.
 */
export function namespacesOf(text: string): readonly string[] {
  return [...new Set(text.split(",").filter((name) => name !== ""))];
}

/** For sentences: `all namespaces`, `the namespace web`, `the namespaces web and shop`. */
export function namespacesText(text: string): string {
  const names = namespacesOf(text);
  const last = names.at(-1);
  if (last === undefined) return "all namespaces";
  return names.length === 1 ? `the namespace ${last}` : `the namespaces ${names.slice(0, -1).join(", ")} and ${last}`;
}
