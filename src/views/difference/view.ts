import { KelpieError } from "../../lib/errors.ts";
import { DIFF_TONES, diffLines, diffText, type DiffLine } from "../../lib/line-diff.ts";
import { asArray, asString, isRecord } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { sanitize } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import type { StyledLine } from "../../ui/styled-line.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter } from "../view-parameters.ts";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition } from "../view.ts";

/** Two texts about one object, line by line, or lines that were compared before. */
export const differenceView: ViewDefinition = {
  id: "difference",
  create(host, parameters): View {
    const { what, where, before, after } = parameters;
    if (typeof what !== "string") throw new KelpieError("this view needs two texts and was opened without them");
    const pager = new PagerModel({ levels: headingLevel });
    const texts = typeof before === "string" && typeof after === "string";
    const target = texts ? targetParameter(parameters) : undefined;
    const lines = texts ? diffLines(before, after) : asArray(parameters["lines"]).filter(isDiffLine);
    pager.setLines(differenceLines(lines));
    const subject = target?.name ?? asString(where);
    return new TextView(host, {
      id: "difference",
      what,
      where: subject,
      pager,
      freshness: createValue<Freshness>({ state: "static" }),
      fileName: `${subject.replaceAll("/", "-")}.diff`,
      notes: () => [],
      selection: () => (target === undefined ? NOTHING_SELECTED : objectSelection(target, undefined)),
    });
  },
};

/** The lines under a heading are its block. */
function headingLevel({ spans }: StyledLine): number {
  return spans?.[0]?.tone === DIFF_TONES.heading ? 0 : 1;
}

function isDiffLine(value: unknown): value is DiffLine {
  return isRecord(value) && typeof value["text"] === "string" && Object.hasOwn(DIFF_TONES, asString(value["kind"]));
}

function differenceLines(lines: readonly DiffLine[]): readonly StyledLine[] {
  if (lines.length === 0) return [{ text: "no difference" }];
  return lines.map((line) => {
    const text = sanitize(diffText(line));
    const tone = DIFF_TONES[line.kind];
    return tone === undefined ? { text } : { text, spans: [{ start: 0, end: text.length, tone }] };
  });
}
