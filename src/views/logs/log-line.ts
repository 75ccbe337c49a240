import { sanitize } from "../../lib/text.ts";
import type { Span, StyledLine } from "../../ui/styled-line.ts";
import type { LogEntry } from "./log-buffer.ts";
import { harmless, structuredText, type RecordColumn } from "./record-line.ts";

/** Longer lines are cut on screen; what is saved or copied is whole. */
const SHOWN_CHARACTERS = 16_384;

// CSI, OSC (with its text), other string sequences, and two-character escapes, as ECMA-48 has them.
// oxlint-disable-next-line no-control-regex -- escape sequences are what it is for
const ESCAPE = /\u001B(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])?/g;

/**
 * Text of a container as harmless text with its colours as spans: of all control sequences only SGR has an effect, and
 * of SGR not "concealed", which would hide text.
 */
export function parseAnsi(raw: string): { readonly text: string; readonly spans: readonly Span[] } {
  if (!raw.includes("\u001B")) return { text: harmless(raw), spans: [] };
  let text = "";
  const spans: Span[] = [];
  let active: string[] = [];
  let position = 0;
  const take = (part: string): void => {
    if (part === "") return;
    const clean = harmless(part);
    if (active.length > 0) spans.push({ start: text.length, end: text.length + clean.length, sgr: active.join(";") });
    text += clean;
  };
  for (const match of raw.matchAll(ESCAPE)) {
    take(raw.slice(position, match.index));
    position = match.index + match[0].length;
    if (match[2] === "m") active = applySgr(active, match[1] ?? "");
  }
  take(raw.slice(position));
  return { text, spans };
}

/** Text of a container without escape sequences; other control characters stay. */
export function plainText(raw: string): string {
  return raw.includes("\u001B") ? raw.replaceAll(ESCAPE, "") : raw;
}

/** At most this many attributes at once: a line cannot pile up more than a terminal should be sent. */
const MOST_ATTRIBUTES = 12;

function applySgr(active: readonly string[], parameters: string): string[] {
  if (!/^[\d;]*$/.test(parameters)) return [...active];
  const numbers =
    parameters === "" ? ["0"] : parameters.split(";").map((one) => (one === "" ? "0" : String(Number(one))));
  const result = [...active];
  for (let index = 0; index < numbers.length; index += 1) {
    const one = numbers[index] ?? "0";
    if (one === "0") result.length = 0;
    else if (one === "8") continue;
    else if (one === "38" || one === "48") {
      const length = numbers[index + 1] === "2" ? 5 : 3;
      const colour = numbers.slice(index, index + length);
      if (colour.length === length) result.push(colour.join(";"));
      index += length - 1;
    } else result.push(one);
  }
  return result.slice(-MOST_ATTRIBUTES);
}

/** How lines are shown. */
export interface LogLineOptions {
  readonly timestamps: boolean;
  /** Records are shown by level, these fields as columns, and message; absent where lines stand as they were written. */
  readonly structure?: readonly RecordColumn[] | undefined;
  /** Prefix by source index; absent where there is one source only. */
  readonly prefixes: readonly LogPrefix[] | undefined;
}

export interface LogPrefix {
  readonly text: string;
  /** In a file, where nothing else tells what it is short for. */
  readonly full: string;
  /** SGR parameters of the source's colour. */
  readonly sgr: string;
}

/** Colours that are told apart on dark and light grounds, one for each pod in turn. */
export const SOURCE_COLOURS = ["36", "33", "35", "32", "34", "96", "93", "95", "92", "94"] as const;

/** A line as it stands on screen. */
export function styledLogLine(entry: LogEntry, options: LogLineOptions): StyledLine {
  if (entry.kind === "marker") {
    const text = `──── ${entry.time} ${"─".repeat(24)}`;
    return { text, spans: [{ start: 0, end: text.length, tone: "accent" }] };
  }
  if (entry.kind === "note") {
    const text = `── ${sanitize(entry.text)}`;
    return { text, spans: [{ start: 0, end: text.length, tone: "warning" }] };
  }
  const prefix = options.prefixes?.[entry.source];
  let lead = "";
  const spans: Span[] = [];
  if (options.timestamps) {
    lead = `${shortTime(entry.time)} `;
    spans.push({ start: 0, end: lead.length - 1, tone: "muted" });
  }
  if (prefix !== undefined) {
    spans.push({ start: lead.length, end: lead.length + prefix.text.length, sgr: prefix.sgr });
    lead += `${prefix.text} `;
  }
  const cut = entry.text.length > SHOWN_CHARACTERS;
  const raw = cut ? entry.text.slice(0, SHOWN_CHARACTERS) : entry.text;
  const structured = options.structure === undefined ? undefined : structuredText(raw, options.structure);
  const body = structured ?? parseAnsi(raw.endsWith("\r") ? raw.slice(0, -1) : raw);
  for (const span of body.spans) spans.push({ ...span, start: span.start + lead.length, end: span.end + lead.length });
  let text = lead + body.text;
  if (cut) {
    const rest = ` … ${entry.text.length - SHOWN_CHARACTERS} more characters`;
    spans.push({ start: text.length, end: text.length + rest.length, tone: "muted" });
    text += rest;
  }
  return { text, spans };
}

/** A line as it is saved: whole, with its tabs, without control sequences. */
export function plainLogLine(entry: LogEntry, options: LogLineOptions): string {
  if (entry.kind !== "line") return styledLogLine(entry, options).text;
  const time = options.timestamps ? `${entry.time} ` : "";
  const prefix = options.prefixes?.[entry.source]?.full;
  const text = plainText(entry.text).split("\t").map(sanitize).join("\t");
  return `${time}${prefix === undefined ? "" : `${prefix} `}${text}`;
}

/** To the millisecond, with all three digits, so that columns stay aligned. */
function shortTime(time: string): string {
  const match = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return sanitize(time);
  const [, seconds = "", fraction = "", zone = ""] = match;
  return sanitize(`${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`);
}
