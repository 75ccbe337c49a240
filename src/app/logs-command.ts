import type { ApiResource } from "../lib/kube/gvr.ts";
import { KelpieError } from "../lib/errors.ts";
import type { ViewRequest } from "../hotkeys/action.ts";

const HINT = "For example `:logs web-1 [container] [-n namespace]`, or `:logs app=web`.";

/**
 * What `:logs` opens: the log of a pod by its name, which needs no more than the right to `get pods/log`, or of every pod
 * that labels select. `[namespace/]pod [container] [-n namespace]`, `-l selector`, `key=value`.
 *
 * @throws KelpieError where a word makes no sense
 */
export function logsRequest(text: string, namespace: string, pods: ApiResource): ViewRequest {
  const names: string[] = [];
  const labels: string[] = [];
  let place = namespace;
  const words = text.trim().split(/\s+/);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-A") place = "";
    else if (word === "-n" || word === "-l") {
      const value = words.shift();
      if (value === undefined) throw new KelpieError(`${word} needs a value`, { hint: HINT });
      if (word === "-n") place = value;
      else labels.push(value);
    } else if (word.startsWith("-")) throw new KelpieError(`unknown flag ${word}`, { hint: HINT });
    else if (word.includes("=")) labels.push(word);
    else names.push(word);
  }
  const [first = "", container, ...more] = names;
  if (more.length > 0 || (first === "") === (labels.length === 0)) {
    throw new KelpieError("logs needs a pod, or labels", { hint: HINT });
  }
  if (labels.length > 0) {
    const labelSelector = labels.join(",");
    const list = { namespace: place, labelSelector };
    return { view: "logs", parameters: { list }, title: `logs ${labelSelector}` };
  }
  const slash = first.indexOf("/");
  const name = first.slice(slash + 1);
  if (slash !== -1) place = first.slice(0, slash);
  if (place === "" || place.includes(",")) {
    throw new KelpieError(`in which namespace is ${name}?`, { hint: `\`:logs ${name} -n namespace\` names it.` });
  }
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: place },
    // The server knows the only container of a pod, and names them where there are several.
    spec: { containers: [{ name: container ?? "" }] },
  };
  const target = { resource: pods, namespace: place, name, uid: undefined, object };
  return { view: "logs", parameters: { targets: [target], container }, title: `logs ${name}` };
}
