/** A port to forward: `local` 0 takes a free one, `remote` is a number or a name. */
export interface PortPair {
  readonly local: number;
  readonly remote: number | string;
}

/** As Kubernetes names ports: letters, digits and dashes, with a letter. */
const PORT_NAME = /^(?=[a-z0-9-]*[a-z])[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Parses `8080:80`, `80`, `:80`, `8080:http`, `http`, and several with commas between.
 * @returns the pairs, or what is wrong in words for the user
 */
export function parsePortPairs(text: string): readonly PortPair[] | string {
  const pairs: PortPair[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(?:(\d*):)?([-\w]+)\s*$/.exec(part);
    const remote = match === null ? undefined : parseRemote(match[2] ?? "");
    if (match === null || remote === undefined) return `"${part.trim()}" is not local:remote, such as 8080:80`;
    // A name alone takes a free local port: its number is the pod's.
    const own = typeof remote === "number" ? remote : 0;
    const local = match[1] === undefined ? own : Number(match[1] === "" ? "0" : match[1]);
    if (remote === 0 || (typeof remote === "number" && remote > 65_535) || local > 65_535) {
      return `"${part.trim()}": ports are 1 to 65535`;
    }
    if (local !== 0 && pairs.some((pair) => pair.local === local)) return `the local port ${local} is named twice`;
    pairs.push({ local, remote });
  }
  return pairs;
}

function parseRemote(text: string): number | string | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  return PORT_NAME.test(text) ? text : undefined;
}

/** As {@link parsePortPairs} reads them. */
export function formatPortPairs(pairs: readonly PortPair[]): string {
  return pairs.map(({ local, remote }) => `${local === 0 ? "" : local}:${remote}`).join(",");
}

/** What to offer for a container's port: the same number, or one above 8000 where the number is the system's. */
export function suggestLocalPort(remote: number): number {
  return remote < 1024 ? remote + 8000 : remote;
}
