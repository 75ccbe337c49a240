import { fit, sanitize } from "../../lib/text.ts";
import type { Tone } from "../../lib/tone.ts";
import type { Span } from "../../ui/styled-line.ts";
import { PLAIN_FIELDS, readRecord, type Level, type LogRecord } from "./log-record.ts";

/** A field that is shown as a column. */
export interface RecordColumn {
  readonly field: string;
  readonly width: number;
}

/** Wider values are cut in their column; the record holds them whole. */
const WIDEST = 32;

const LEVEL_TONES: Readonly<Partial<Record<Level, Tone>>> = {
  trace: "muted",
  debug: "muted",
  info: "ok",
  warn: "warning",
  error: "error",
  fatal: "error",
};

/** {@link sanitize} with tabs as wide as they are meant: stack traces are indented by them. */
export function harmless(text: string): string {
  return sanitize(text.includes("\t") ? text.replaceAll("\t", TAB) : text);
}

const TAB = "    ";

interface Styled {
  readonly text: string;
  readonly spans: readonly Span[];
}

/**
 * A line by what it says: JSON as level, columns, message and the other fields, any other form as it is with its level
 * coloured. `undefined` where the line has no form that is known, or brings colours of its own.
 */
export function structuredText(raw: string, columns: readonly RecordColumn[]): Styled | undefined {
  if (raw.includes("\u001B") && !raw.startsWith("{")) return undefined;
  const record = readRecord(raw);
  if (record.format === "json" || columns.length > 0) return laidOut(record, columns);
  if (record.level === undefined) return undefined;
  const text = harmless(raw);
  const tone = LEVEL_TONES[record.level];
  if (tone === undefined) return undefined;
  if (record.format === "klog") return { text, spans: [{ start: 0, end: 1, tone, bold: true }] };
  // The word that told the level; loud levels colour what follows as well.
  const word = new RegExp(LEVEL_WORDS[record.level], "i").exec(text);
  if (word === null) return undefined;
  return {
    text,
    spans: [{ start: word.index, end: word.index + word[0].length, tone, bold: record.level === "fatal" }],
  };
}

const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  trace: "trace|trc|fine(?:st|r)|verbose",
  debug: "debug|dbu?g|fine",
  info: "info(?:rmation)?|inf|notice?|log",
  warn: "warn(?:ing)?|wrn",
  error: "err?or|err|severe",
  fatal: "fatal|ftl|crit(?:ical)?|panic|emerg(?:ency)?|alert|dpanic",
};

function laidOut(record: LogRecord, columns: readonly RecordColumn[]): Styled {
  const { level, message, fields } = record;
  const spans: Span[] = [];
  let text = "";
  const add = (part: string, style: Omit<Span, "start" | "end"> = {}): void => {
    if (Object.keys(style).length > 0 && part !== "")
      spans.push({ start: text.length, end: text.length + part.length, ...style });
    text += part;
  };
  const tone = level === undefined ? undefined : LEVEL_TONES[level];
  add((level ?? "").toUpperCase().padEnd(5), tone === undefined ? {} : { tone, bold: level === "fatal" });
  add(" ");
  for (const { field, width } of columns) add(`${fit(sanitize(fields.get(field) ?? ""), width)} `, { tone: "accent" });
  add(sanitize(message));
  if (record.format !== "json") return { text, spans };
  const shown = new Set(columns.map(({ field }) => field));
  for (const [name, value] of fields) {
    if (PLAIN_FIELDS.has(name) || shown.has(name)) continue;
    add(text.endsWith(" ") ? "" : " ");
    add(`${sanitize(name)}=`, { tone: "muted" });
    add(sanitize(/[\s"]/.test(value) || value === "" ? JSON.stringify(value) : value));
  }
  return { text, spans };
}

/** Columns for fields, wide enough for what some lines have in them. */
export function recordColumns(fields: readonly string[], lines: Iterable<string>): readonly RecordColumn[] {
  const widths = new Map(fields.map((field) => [field, Math.min(field.length, WIDEST)]));
  for (const line of lines) {
    const record = readRecord(line);
    for (const [field, width] of widths) {
      const { length } = record.fields.get(field) ?? "";
      if (length > width) widths.set(field, Math.min(length, WIDEST));
    }
  }
  return fields.map((field) => ({ field, width: widths.get(field) ?? WIDEST }));
}

/** A record, a field a line: what a screen shows of one that is expanded. */
export function recordLines(raw: string): ReadonlyArray<Styled> {
  const { format, level, message, fields } = readRecord(raw);
  if (fields.size === 0) return raw.split("\r").map((part) => ({ text: harmless(part), spans: [] }));
  const tone = level === undefined ? undefined : LEVEL_TONES[level];
  const width = Math.min(WIDEST, Math.max(...[...fields.keys()].map((name) => name.length)));
  const lines: Styled[] = [];
  const add = (name: string, value: string, style: Tone | undefined): void => {
    for (const [index, part] of value.split("\n").entries()) {
      const label = fit(index === 0 ? sanitize(name) : "", width);
      const text = `${label}  ${harmless(part)}`;
      const spans: Span[] = [{ start: 0, end: label.length, tone: "muted" }];
      if (style !== undefined) spans.push({ start: label.length + 2, end: text.length, tone: style });
      lines.push({ text, spans });
    }
  };
  if (format === "klog") {
    if (level !== undefined) add("level", level, tone);
    add("message", message, undefined);
  }
  for (const [name, value] of fields)
    add(name, value, value !== "" && /^(?:level|lvl|severity)$/.test(name) ? tone : undefined);
  return lines;
}
