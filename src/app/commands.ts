import type { ContextInfo } from "../cluster/cluster.ts";
import { themeDescriptions, themeNames } from "../config/theme.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import { fuzzyScore } from "../lib/fuzzy.ts";
import { namespacesOf } from "../lib/kube/namespaces.ts";
import type { KindDefinition } from "../resources/kind.ts";
import { listable, names, similarResources } from "../state/resource-names.ts";
import type { Suggestion } from "../state/prompt.ts";

/** A command of the prompt that is no kind. */
export interface BuiltInCommand {
  readonly names: readonly string[];
  readonly description: string;
  /** What its first word is. */
  readonly takes?: "context" | "namespace" | "kind" | "theme" | "forward-set";
}

export const BUILT_IN_COMMANDS: readonly BuiltInCommand[] = [
  { names: ["ctx", "context", "contexts"], description: "contexts, or switch to one", takes: "context" },
  { names: ["ns"], description: "namespaces, or use one", takes: "namespace" },
  { names: ["pf", "port-forwards"], description: "port-forwards, or open a saved set", takes: "forward-set" },
  {
    names: ["can"],
    description: "what you may do, or others: can u:jane g:devs, can s:default/builder",
  },
  { names: ["readonly", "read-only"], description: "refuse writes in this context: readonly on, readonly off" },
  { names: ["who-can", "whocan"], description: "who may do something: who-can delete pods" },
  { names: ["journal"], description: "every write, of earlier sessions too" },
  {
    names: ["workloads", "wk", "workload"],
    description: "controllers, pods and services in one table",
    takes: "namespace",
  },
  { names: ["helm"], description: "releases of helm, and their histories", takes: "namespace" },
  { names: ["pulse", "pulses", "hz"], description: "the health of every kind, CPU and memory", takes: "namespace" },
  { names: ["dir"], description: "manifests of a folder of this machine: compare, apply, delete" },
  { names: ["xray"], description: "the relations of all objects of a kind: xray deploy", takes: "kind" },
  { names: ["logs", "log"], description: "the log of a pod by its name, or of labels: logs app=web" },
  { names: ["clusters", "local"], description: "local clusters" },
  { names: ["alias", "aliases"], description: "every kind the server has" },
  { names: ["theme"], description: "colours: theme light", takes: "theme" },
  { names: ["help"], description: "keys of this view" },
  { names: ["q", "quit", "q!", "exit"], description: "quit" },
];

export function findBuiltIn(name: string): BuiltInCommand | undefined {
  return BUILT_IN_COMMANDS.find((command) => command.names.includes(name));
}

/** What completion may draw on. */
export interface CompletionSource {
  readonly resources: readonly ApiResource[];
  readonly kinds: readonly KindDefinition[];
  readonly contexts: readonly ContextInfo[];
  readonly namespaces: readonly string[];
  /** Saved sets of port-forwards of the context in use. */
  readonly forwardSets: readonly string[];
}

const MOST_SUGGESTIONS = 50;

/** What the text of the prompt may become: names of kinds and commands first, then namespaces and contexts. */
export function suggestCommands(text: string, source: CompletionSource): readonly Suggestion[] {
  const line = text.trimStart();
  const space = line.lastIndexOf(" ");
  if (space === -1) return suggestNames(line, source);
  const [before, word] = [line.slice(0, space + 1), line.slice(space + 1)];
  const name = before.trim().split(/\s+/)[0]?.toLowerCase() ?? "";
  const takes = findBuiltIn(name)?.takes;
  if (takes === "context") return suggestContexts(before, word, "", source);
  if (takes === "theme") {
    return ranked(word, themeNames, (each) => each).map((theme) => ({
      text: before + theme,
      label: theme,
      description: themeDescriptions[theme] ?? "",
    }));
  }
  if (takes === "forward-set") {
    return ranked(word, source.forwardSets, (each) => each).map((set) => ({
      text: before + set,
      label: set,
      description: "port-forwards",
    }));
  }
  if (takes === "kind" && before.trim() === name) {
    return suggestNames(word, source, []).map((each) => ({ ...each, text: before + each.text }));
  }
  if (word.startsWith("@")) return suggestContexts(before, word.slice(1), "@", source);
  if (word.startsWith("/") || word.startsWith("-") || word.includes("=")) return [];
  if (takes === undefined && findBuiltIn(name) !== undefined) return [];
  const comma = word.lastIndexOf(",") + 1;
  const [others, last] = [word.slice(0, comma), word.slice(comma)];
  const all = takes === "namespace" || comma > 0 ? [] : ["all"];
  const taken = namespacesOf(others);
  const offered = source.namespaces.filter((name) => comma === 0 || !(taken.includes(name) || name.includes(",")));
  return ranked(last, [...all, ...offered], (each) => each).map((namespace) => ({
    text: before + others + namespace,
    label: namespace,
    description: namespace === "all" ? "all namespaces" : namespace.includes(",") ? "namespaces" : "namespace",
  }));
}

function suggestNames(
  word: string,
  source: CompletionSource,
  builtIn: readonly BuiltInCommand[] = BUILT_IN_COMMANDS,
): readonly Suggestion[] {
  const commands = ranked(
    word,
    builtIn.filter((command) => word !== "" || command.names[0] !== "q"),
    (command) => command.names.find((name) => name.startsWith(word)) ?? command.names[0] ?? "",
  ).map((command) => ({
    text: command.names.find((name) => name.startsWith(word)) ?? command.names[0] ?? "",
    label: command.names[0] ?? "",
    description: command.description,
  }));
  const found =
    word === "" ? listable(source.resources, source.kinds) : similarResources(word, source.resources, source.kinds);
  const kinds = found.map((resource) => ({
    text: commandName(resource, source.resources),
    label: commandName(resource, source.resources),
    description: kindDescription(resource, source.kinds),
  }));
  const exact = commands.filter((command) => command.text === word);
  const others = commands.filter((command) => command.text !== word);
  return [...exact, ...kinds, ...others].slice(0, MOST_SUGGESTIONS);
}

/** The plural, with its group where another group has the same plural. */
export function commandName(resource: ApiResource, resources: readonly ApiResource[]): string {
  if (resource.group === "") return resource.resource;
  const twice = resources.some((other) => other.resource === resource.resource && other.group !== resource.group);
  return twice ? `${resource.resource}.${resource.group}` : resource.resource;
}

/** Kind, short names and group of a resource in a few words. */
export function kindDescription(resource: ApiResource, kinds: readonly KindDefinition[]): string {
  const short = names(resource, kinds).filter(
    (name) => name !== resource.resource && name !== resource.singular && name !== resource.kind.toLowerCase(),
  );
  return [resource.kind, ...(short.length === 0 ? [] : [`(${short.join(", ")})`]), resource.group].join(" ").trim();
}

function suggestContexts(
  before: string,
  word: string,
  prefix: string,
  source: CompletionSource,
): readonly Suggestion[] {
  return ranked(word, source.contexts, (context) => context.name).map((context) => ({
    text: before + prefix + context.name,
    label: context.name,
    description: context.current ? "current context" : context.server,
  }));
}

function ranked<T>(query: string, items: readonly T[], text: (item: T) => string): readonly T[] {
  if (query === "") return items.slice(0, MOST_SUGGESTIONS);
  return items
    .map((item) => ({ item, score: fuzzyScore(query, text(item)) }))
    .filter((each) => each.score !== undefined)
    .sort((left, right) => (right.score ?? 0) - (left.score ?? 0))
    .slice(0, MOST_SUGGESTIONS)
    .map((each) => each.item);
}
