import { cleanForEdit } from "../../../cluster/edit.ts";
import { TimeSlice } from "../../../cluster/time-slice.ts";
import { DIFF_TONES, diffLines, diffText } from "../../../lib/line-diff.ts";
import type { Tone } from "../../../lib/tone.ts";
import type { ReleaseHook } from "../../../resources/helm/release-body.ts";
import { maskedPair } from "../../../views/helm/release-difference.ts";
import { pathOf } from "../on-each.ts";
import type { PlannedChange } from "./release-plan.ts";

/** Lines of a dialog, each with its colour. */
export interface PlanLines {
  readonly lines: readonly string[];
  readonly lineTones: ReadonlyArray<Tone | undefined>;
}

type Line = readonly [text: string, tone?: Tone | undefined];

/**
 * What exactly a plan does, object by object, in the order it is done; the difference under each change.
 * @param beside `notes` come first, `records` last: what becomes of the release's own objects
 */
export async function planLines(
  changes: readonly PlannedChange[],
  beside: { readonly notes?: readonly string[]; readonly records?: readonly string[] } = {},
): Promise<PlanLines> {
  const { notes = [], records = [] } = beside;
  const slice = new TimeSlice();
  const lines: Line[] = [[summary(changes)], ...notes.map((note): Line => [note, "warning"]), [""]];
  const acts = ({ action }: PlannedChange): boolean => action !== "same" && action !== "gone";
  for (const change of [...changes.filter(acts), ...changes.filter((each) => !acts(each))]) {
    await slice.breathe();
    lines.push(...changeLines(change));
  }
  if (records.length > 0) lines.push([""], ...records.map((record): Line => [record, "warning"]));
  return { lines: lines.map(([text]) => text), lineTones: lines.map(([, tone]) => tone) };
}

/** Hooks that helm would run at these events: kelpie runs none. */
export function hookNotes(hooks: readonly ReleaseHook[], events: readonly string[]): readonly string[] {
  const missed = hooks.filter((hook) => hook.events.some((event) => events.includes(event)));
  return missed.map((hook) => `hook not run: ${hook.events.join(", ")} ${hook.kind} ${hook.name}`);
}

function summary(changes: readonly PlannedChange[]): string {
  const count = (action: PlannedChange["action"]): number => changes.filter((each) => each.action === action).length;
  const parts = [
    [count("create"), "created"],
    [count("change"), "changed"],
    [count("delete"), "deleted"],
    [count("keep"), "kept"],
    [count("same"), "unchanged"],
    [count("gone"), "gone already"],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return told.length === 0 ? "it has no objects" : told.join(", ");
}

const ACTIONS: Readonly<Record<PlannedChange["action"], readonly [mark: string, tone: Tone | undefined]>> = {
  create: ["+ create", "added"],
  change: ["~ change", "warning"],
  delete: ["- delete", "error"],
  keep: ["  keep", "muted"],
  same: ["  unchanged", "muted"],
  gone: ["  gone", "muted"],
};

function changeLines(change: PlannedChange): readonly Line[] {
  const [mark, tone] = ACTIONS[change.action];
  const why = change.reason === undefined ? "" : ` (${change.reason})`;
  const lines: Line[] = [[`${mark} ${change.kind} ${pathOf(change.target)}${why}`, tone]];
  if (change.refusal !== undefined) lines.push([`    the server would refuse it: ${change.refusal}`, "error"]);
  if (change.action === "change" && change.after !== undefined) {
    const [before, after] = maskedPair(cleanForEdit(change.target.object), cleanForEdit(change.after));
    for (const line of diffLines(before, after, 1)) lines.push([`    ${diffText(line)}`, DIFF_TONES[line.kind]]);
  }
  return lines;
}
