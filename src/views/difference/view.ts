import { KelpieError } from "../../lib/errors.ts";
import { DIFF_TONES, diffLines, diffText } from "../../lib/line-diff.ts";
import { createValue } from "../../lib/subscribable.ts";
import { sanitize } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition } from "../view.ts";

/** Two texts about one object, line by line. */
export const differenceView: ViewDefinition = {
  id: "difference",
  create(host, parameters): View {
    const target = targetParameter(parameters);
    const { what, before, after } = parameters;
    if (typeof what !== "string" || typeof before !== "string" || typeof after !== "string") {
      throw new KelpieError("this view needs two texts and was opened without them");
    }
    const lines = diffLines(before, after);
    const pager = new PagerModel();
    pager.setLines(
      lines.length === 0
        ? [{ text: "no difference" }]
        : lines.map((line) => {
            const text = sanitize(diffText(line));
            const tone = DIFF_TONES[line.kind];
            return tone === undefined ? { text } : { text, spans: [{ start: 0, end: text.length, tone }] };
          }),
    );
    return new TextView(host, {
      id: "difference",
      what,
      where: target.name,
      pager,
      freshness: createValue<Freshness>({ state: "static" }),
      fileName: `${target.name}.diff`,
      notes: () => [],
      selection: () => objectSelection(target, undefined),
      show: () => {},
      hide: () => {},
    });
  },
};
