/**
 * The resource name of a kind, where only the kind is known: `UnsafeGuessKindToResource` of
 * k8s.io/apimachinery/pkg/api/meta/restmapper.go, but for gateways. Discovery knows better where it can be asked.
 */
export function pluralOf(kind: string): string {
  const singular = kind.toLowerCase();
  if (singular.endsWith("endpoints")) return singular;
  if (singular.endsWith("s")) return `${singular}es`;
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return `${singular}s`;
}
