import { KelpieError } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { sanitize } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition } from "../view.ts";
import { plainText } from "./log-line.ts";
import { harmless, recordLines } from "./record-line.ts";

/** One line of a log in full: its fields a line each, then the line as it was written. */
export const logRecordView: ViewDefinition = {
  id: "log-record",
  create(host, { time, text, title }): View {
    if (typeof time !== "string" || typeof text !== "string" || typeof title !== "string") {
      throw new KelpieError("this view needs a line of a log and was opened without one");
    }
    const pager = new PagerModel({ wrap: true });
    pager.setLines([
      { text: sanitize(time), spans: [{ start: 0, end: time.length, tone: "muted" }] },
      ...recordLines(plainText(text)),
      { text: "" },
      { text: "As it was written:", spans: [{ start: 0, end: 18, tone: "muted" }] },
      { text: harmless(plainText(text)) },
    ]);
    return new TextView(host, {
      id: "log-record",
      what: "record",
      where: title,
      pager,
      freshness: createValue<Freshness>({ state: "static" }),
      fileName: "record.log",
      notes: () => [],
      count: () => "1",
      selection: () => NOTHING_SELECTED,
      wholeText: () => `${sanitize(plainText(text))}\n`,
      disabledReason: (name) =>
        name === "text.decode" || name === "text.managed-fields" ? "this is a line of a log" : undefined,
    });
  },
};
