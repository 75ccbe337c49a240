/** A port to forward: `local` 0 takes a free one. */
export interface PortPair {
  readonly local: number;
  readonly remote: number;
}

/**
 * Parses `8080:80`, `80`, `:80`, and several with commas between.
 * @returns the pairs, or what is wrong in words for the user
 */
export function parsePortPairs(text: string): readonly PortPair[] | string {
  const pairs: PortPair[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(?:(\d*):)?(\d+)\s*$/.exec(part);
    if (match === null) return `"${part.trim()}" is not local:remote, such as 8080:80`;
    const remote = Number(match[2]);
    const local = match[1] === undefined ? remote : Number(match[1] === "" ? "0" : match[1]);
    if (remote < 1 || remote > 65_535 || local > 65_535) return `"${part.trim()}": ports are 1 to 65535`;
    if (local !== 0 && pairs.some((pair) => pair.local === local)) return `the local port ${local} is named twice`;
    pairs.push({ local, remote });
  }
  return pairs;
}

/** What to offer for a container's port: the same number, or one above 8000 where the number is the system's. */
export function suggestLocalPort(remote: number): number {
  return remote < 1024 ? remote + 8000 : remote;
}
