import type { Action } from "../hotkeys/action.ts";
import { GROUP_TITLES, type HelpEntry, type HelpGroup, type OfferedAction } from "../hotkeys/help.ts";
import { showKey } from "../hotkeys/keys.ts";

const GROUP_ORDER: readonly Action["group"][] = ["act", "view", "navigate", "sort", "general"];

/**
 * The help of a view: its actions by group, what is off with its reason, and the language of the prompts.
 * @param namespaces those on the keys 1 to 9
 */
export function helpGroups(
  offered: readonly OfferedAction[],
  what: string,
  namespaces: readonly string[],
): readonly HelpGroup[] {
  const groups = GROUP_ORDER.map((group): HelpGroup => {
    const entries = offered
      .filter(({ action, keys }) => action.group === group && keys.length > 0)
      .map((each) => entryOf(each, namespaces))
      .filter((entry) => entry !== undefined);
    const title = GROUP_TITLES[group];
    return { title: group === "act" && what !== "" ? `${title} on ${what}` : title, entries };
  });
  const pairs = (title: string, texts: ReadonlyArray<readonly [string, string]>): HelpGroup => ({
    title,
    entries: texts.map(([left, right]) => ({ left, right, off: false })),
  });
  return [
    ...groups.filter(({ entries }) => entries.length > 0),
    pairs("The : prompt", COMMAND_HELP),
    pairs("The / filter of tables", FILTER_HELP),
  ];
}

/** @returns undefined for a digit without a namespace */
function entryOf({ action, keys, reason }: OfferedAction, namespaces: readonly string[]): HelpEntry | undefined {
  const digit = Number(/^namespace\.([1-9])$/.exec(action.id)?.[1] ?? 0);
  const namespace = namespaces[digit - 1];
  if (digit > 0 && namespace === undefined) return undefined;
  // What read-only means is said once, by the header.
  const off = reason === undefined ? "" : ` (off: ${reason.replace(/^(read-only): .*/, "$1")})`;
  return {
    left: keys.map(showKey).join("  "),
    right: `${namespace === undefined ? action.title : `Namespace ${namespace}`}${off}`,
    off: reason !== undefined,
  };
}

const COMMAND_HELP: ReadonlyArray<readonly [string, string]> = [
  [":pods", "a kind by its plural, singular, short name or kind"],
  [":deployments.apps kube-system", "with its group; in a namespace, or `all`"],
  [":po /web app=shop", "with a filter and labels"],
  [":svc @staging", "in another context"],
  [":ctx  :ns  :pf  :clusters", "contexts, namespaces, port-forwards, local clusters"],
  [":workloads  :pulse", "controllers, pods and services in one table; the health of every kind"],
  [":xray deploy", "the trees of all objects of a kind"],
  [":logs web-1  :logs app=web", "the log of a pod by its name, of pods by their labels"],
  [":helm  :dir ~/manifests", "releases of helm; manifests of this machine"],
  [":can u:jane", "what somebody may do; without a name, what you may"],
  [":who-can get secrets", "who may do something"],
  [":journal", "every write, of earlier sessions too"],
  [":readonly on  :theme light", "refuse writes; other colours"],
  [":q", "quit"],
  ["Tab  Up  Down", "complete, earlier lines, suggestions"],
];

const FILTER_HELP: ReadonlyArray<readonly [string, string]> = [
  ["web|api", "a regular expression over the visible columns"],
  ["!web", "the opposite"],
  ["-f wbap", "fuzzy on the name"],
  ["app=shop  -l tier in (a,b)", "labels"],
  ["status:run  node:~worker-[12]", "one column: contains, matches"],
  ["restarts:>3  cpu:>=250m  age:<1h", "one column: compared"],
];
