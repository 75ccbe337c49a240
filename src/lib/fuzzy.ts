/**
 * How well `query` matches `text` as a subsequence, case-insensitively: higher is better, `undefined` is no match.
 * Prefixes, word starts and adjacent characters score more; shorter texts win ties.
 */
export function fuzzyScore(query: string, text: string): number | undefined {
  if (query === "") return 0;
  const needle = query.toLowerCase();
  const haystack = text.toLowerCase();
  if (haystack === needle) return 1000;
  let score = haystack.startsWith(needle) ? 200 : 0;
  let position = -1;
  for (const character of needle) {
    const found = haystack.indexOf(character, position + 1);
    if (found === -1) return undefined;
    if (found === position + 1) score += 10;
    if (found === 0 || /[-_./\s]/.test(haystack[found - 1] ?? "")) score += 8;
    score -= Math.min(found - position - 1, 5);
    position = found;
  }
  return score - haystack.length * 0.1;
}
