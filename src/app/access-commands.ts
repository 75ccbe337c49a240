import type { ViewRequest } from "../hotkeys/action.ts";
import { CommandError } from "./command-parser.ts";

/**
 * `:can [u:name] [g:group] [s:namespace/name] [-n namespace]` and `:who-can verb resource[/subresource] [name]
 * [-n namespace | -A]`; `undefined` where the text is another command.
 * @param namespace the one in use
 * @throws CommandError where a word makes no sense
 */
export function accessCommand(text: string, namespace: string): ViewRequest | undefined {
  const [name = "", ...typed] = text.trim().split(/\s+/);
  const command = name.toLowerCase();
  if (command !== "can" && command !== "who-can" && command !== "whocan") return undefined;
  const words: string[] = [];
  let where = namespace.includes(",") ? (namespace.split(",", 1)[0] ?? "") : namespace;
  for (let index = 0; index < typed.length; index += 1) {
    const word = typed[index] ?? "";
    if (word === "-A" || word === "--all-namespaces") where = "";
    else if (word === "-n" || word === "--namespace") {
      index += 1;
      const next = typed[index];
      if (next === undefined) throw new CommandError(`${word} needs a value`);
      where = next;
    } else words.push(word);
  }
  if (command === "can") {
    const odd = words.find((word) => !/^(?:[ug]:\S+|s:[^/\s]+\/[^/\s]+)$/.test(word));
    if (odd !== undefined) {
      throw new CommandError(`"${odd}" is no subject`, { hint: "u:name, g:group or s:namespace/name." });
    }
    return {
      view: "access",
      parameters: { subjects: words, namespace: where },
      title: words.length === 0 ? "can" : `can ${words.join(" ")}`,
    };
  }
  const [verb, resource, object = "", ...rest] = words;
  if (verb === undefined || resource === undefined || rest.length > 0) {
    throw new CommandError("who-can needs a verb and a resource", { hint: "For example `:who-can delete pods`." });
  }
  return {
    view: "who-can",
    parameters: { verb, resource, name: object, namespace: where },
    title: `who can ${verb} ${resource}`,
  };
}
