import { KelpieError } from "../lib/errors.ts";
import { namespacesOf } from "../lib/kube/namespaces.ts";
import { selectorWords } from "../lib/kube/selector-words.ts";

/** The text of a `:` command in parts. Words after the name may stand in any order. */
export interface ParsedCommand {
  /** Lower case. */
  readonly name: string;
  /** `""` is all namespaces, `a,b` are several; absent where none was named. */
  readonly namespace?: string;
  readonly filter?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly context?: string;
  /** The words after the name as typed, for commands that take names of their own. */
  readonly words: readonly string[];
}

export class CommandError extends KelpieError {
  override readonly name = "CommandError";
}

interface Draft {
  namespace?: string;
  filter: string[];
  labels: string[];
  fieldSelector?: string;
  context?: string;
}

/**
 * `<name> [namespace|a,b|all] [/regex] [-f fuzzy] [-n ns] [-A] [-l selector] [key=value] [=exact-name] [@context]
 * [--field-selector=…]`
 * @throws CommandError where a word makes no sense
 */
export function parseCommand(text: string): ParsedCommand {
  const [name = "", ...words] = selectorWords(text);
  const draft: Draft = { filter: [], labels: [] };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const next = (): string => {
      index += 1;
      const argument = words[index];
      if (argument === undefined) throw new CommandError(`${word} needs a value`);
      return argument;
    };
    readWord(word, next, draft);
  }
  const { namespace, filter, labels, fieldSelector, context } = draft;
  return {
    name: name.toLowerCase(),
    words,
    ...(namespace === undefined ? {} : { namespace }),
    ...(filter.length === 0 ? {} : { filter: filter.join(" ") }),
    ...(labels.length === 0 ? {} : { labelSelector: labels.join(",") }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(context === undefined ? {} : { context }),
  };
}

/** Names with commas between them; one may be on its way to be typed. */
const NAMESPACES = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(,([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?)*$/;

function readNamespaces(text: string): string {
  const names = namespacesOf(text);
  return names.includes("all") ? "" : names.join(",");
}

function readWord(word: string, next: () => string, draft: Draft): void {
  if (word === "-n" || word === "--namespace") draft.namespace = readNamespaces(next());
  else if (word === "-A" || word === "--all-namespaces" || word === "all" || word === "*") draft.namespace = "";
  else if (word === "-l" || word === "--selector") draft.labels.push(next());
  else if (word === "-f") draft.filter.push("-f", next());
  else if (word.startsWith("--field-selector")) {
    draft.fieldSelector = word.includes("=") ? word.slice(word.indexOf("=") + 1) : next();
  } else if (word.startsWith("-") && word.length > 1) throw new CommandError(`unknown flag ${word}`);
  else if (word.startsWith("/")) draft.filter.push(word.slice(1));
  else if (word.startsWith("@")) draft.context = word.slice(1);
  else if (word.startsWith("=")) draft.filter.push(`name:=${word.slice(1)}`);
  else if (word.includes("=")) draft.labels.push(word);
  else if (NAMESPACES.test(word)) {
    if (draft.namespace !== undefined) {
      throw new CommandError(`two namespaces: ${draft.namespace || "all"} and ${word}`, {
        hint: `\`${draft.namespace || "all"},${word}\` shows both.`,
      });
    }
    draft.namespace = readNamespaces(word);
  } else throw new CommandError(`"${word}" is no namespace, filter (/…), label (k=v) or context (@…)`);
}
