import { SOURCE_COLOURS, type LogPrefix } from "./log-line.ts";
import type { StreamLabel } from "./log-streams.ts";

/** A pod of a ReplicaSet: its workload, the hash of its template, and five letters of its own. */
const GENERATED = /^(.+)-[a-z0-9]{6,10}-([a-z0-9]{5})$/;
/** Shorter prefixes are padded to the longest of them, up to so many columns, so that lines begin in one column. */
const WIDEST = 24;

/** A prefix for each source where there is more than one; the container is named only where a pod has several. */
export function prefixesOf(labels: readonly StreamLabel[]): readonly LogPrefix[] | undefined {
  if (labels.length < 2) return undefined;
  const pods = [...new Set(labels.map((label) => label.pod))];
  const containers = new Set(labels.map((label) => label.container));
  const short = shortNames(pods);
  const prefixes = labels.map(({ pod, container }) => {
    const colour = pods.length > 1 ? pods.indexOf(pod) : [...containers].indexOf(container);
    const name = short.get(pod) ?? pod;
    return {
      text: pods.length === 1 ? container : containers.size === 1 ? name : `${name}/${container}`,
      full: pods.length === 1 ? container : containers.size === 1 ? pod : `${pod}/${container}`,
      sgr: SOURCE_COLOURS[colour % SOURCE_COLOURS.length] ?? "36",
    };
  });
  const width = Math.min(WIDEST, Math.max(...prefixes.map(({ text }) => text.length)));
  return prefixes.map((prefix) => ({ ...prefix, text: prefix.text.padEnd(width) }));
}

/** Names without what all of them have, or without the hashes of their templates, as long as they stay apart. */
function shortNames(pods: readonly string[]): ReadonlyMap<string, string> {
  const common = pods.length > 1 ? commonLead(pods) : 0;
  const shorten = (pod: string): string => (common > 0 ? pod.slice(common) : pod.replace(GENERATED, "$1-$2"));
  const names = pods.map((pod) => shorten(pod));
  return new Map(pods.map((pod, index) => [pod, new Set(names).size === pods.length ? (names[index] ?? pod) : pod]));
}

/** Length of what all names begin with, up to a dash: the workload's name, which the title says already. */
function commonLead(names: readonly string[]): number {
  const [first = "", ...others] = names;
  let length = first.lastIndexOf("-") + 1;
  while (length > 0 && !others.every((name) => name.startsWith(first.slice(0, length)))) {
    length = first.lastIndexOf("-", length - 2) + 1;
  }
  return length;
}
