import { SOURCE_COLOURS, type LogPrefix } from "./log-line.ts";
import type { StreamLabel } from "./log-streams.ts";

/** A prefix for each source where there is more than one; the container is named only where a pod has several. */
export function prefixesOf(labels: readonly StreamLabel[]): readonly LogPrefix[] | undefined {
  if (labels.length < 2) return undefined;
  const pods = [...new Set(labels.map((label) => label.pod))];
  const containers = new Set(labels.map((label) => label.container));
  const common = pods.length > 1 ? commonLead(pods) : 0;
  return labels.map(({ pod, container }) => {
    const colour = pods.length > 1 ? pods.indexOf(pod) : [...containers].indexOf(container);
    const short = pod.slice(common);
    const text = pods.length === 1 ? container : containers.size === 1 ? short : `${short}/${container}`;
    return { text, sgr: SOURCE_COLOURS[colour % SOURCE_COLOURS.length] ?? "36" };
  });
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
