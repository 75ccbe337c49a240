import type { Action } from "../hotkeys/action.ts";
import { GROUP_TITLES, type OfferedAction } from "../hotkeys/help.ts";
import { showKey } from "../hotkeys/keys.ts";
import { fit } from "../lib/text.ts";
import type { Span, StyledLine } from "../ui/styled-line.ts";

const GROUP_ORDER: readonly Action["group"][] = ["act", "view", "navigate", "sort", "general"];

/** The help of a view: its actions by group, what is off with its reason, and the language of the prompts. */
export function helpLines(offered: readonly OfferedAction[], what: string): readonly StyledLine[] {
  const lines: StyledLine[] = [];
  const heading = (text: string): void => {
    if (lines.length > 0) lines.push({ text: "" });
    lines.push({ text, spans: [{ start: 0, end: text.length, tone: "accent", bold: true }] });
  };
  for (const group of GROUP_ORDER) {
    const own = offered.filter(({ action, keys }) => action.group === group && keys.length > 0);
    if (own.length === 0) continue;
    heading(group === "act" && what !== "" ? `${GROUP_TITLES[group]} on ${what}` : GROUP_TITLES[group]);
    for (const { action, keys, reason } of own) {
      const shown = fit(keys.map(showKey).join("  "), 20);
      const off = reason === undefined ? "" : `  (off: ${reason})`;
      const text = `  ${shown}${action.title}${off}`;
      const spans: Span[] = [{ start: 2, end: 22, tone: reason === undefined ? "progress" : "muted" }];
      if (reason !== undefined) spans.push({ start: 22, end: text.length, tone: "muted" });
      lines.push({ text, spans });
    }
  }
  heading("The : prompt");
  for (const [left, right] of COMMAND_HELP) lines.push(pair(left, right));
  heading("The / filter of tables");
  for (const [left, right] of FILTER_HELP) lines.push(pair(left, right));
  return lines;
}

function pair(left: string, right: string): StyledLine {
  const shown = fit(left, 30);
  return { text: `  ${shown}${right}`, spans: [{ start: 2, end: 2 + shown.length, tone: "progress" }] };
}

const COMMAND_HELP: ReadonlyArray<readonly [string, string]> = [
  [":pods", "a kind by its plural, singular, short name or kind"],
  [":deployments.apps kube-system", "with its group; in a namespace, or `all`"],
  [":po /web app=shop", "with a filter and labels"],
  [":svc @staging", "in another context"],
  [":ctx  :ns  :pf  :clusters", "contexts, namespaces, port-forwards, local clusters"],
  [":journal", "every write, of earlier sessions too"],
  ["Tab  Up  Down", "complete, earlier lines, suggestions"],
];

const FILTER_HELP: ReadonlyArray<readonly [string, string]> = [
  ["web|api", "a regular expression over the visible columns"],
  ["!web", "the opposite"],
  ["-f wbap", "fuzzy on the name"],
  ["app=shop  -l 'tier in (a)'", "labels"],
  ["status:run  node:~worker-[12]", "one column: contains, matches"],
  ["restarts:>3  age:<1h  cpu:>=250m", "one column: compared"],
];
