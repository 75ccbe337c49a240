import { isRecord } from "../../lib/kube/object.ts";

/** Severities, least first. */
export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

/** What a structured line says. */
export interface LogRecord {
  readonly format: "json" | "logfmt" | "klog" | "plain";
  readonly level: Level | undefined;
  readonly message: string;
  /** Nested fields by their path with dots; those of level, message and time are among them. */
  readonly fields: ReadonlyMap<string, string>;
}

const LEVEL_NAMES: ReadonlyMap<string, Level> = new Map([
  ...["trace", "trc", "finest", "finer", "verbose"].map((name) => [name, "trace"] as const),
  ...["debug", "dbg", "dbug", "fine"].map((name) => [name, "debug"] as const),
  ...["info", "inf", "information", "notice", "note", "log"].map((name) => [name, "info"] as const),
  ...["warn", "warning", "wrn"].map((name) => [name, "warn"] as const),
  ...["error", "err", "eror", "severe"].map((name) => [name, "error"] as const),
  ...["fatal", "ftl", "critical", "crit", "panic", "emerg", "emergency", "alert", "dpanic"].map(
    (name) => [name, "fatal"] as const,
  ),
]);

/** A level by any of its names, or by pino's and bunyan's number. */
export function levelNamed(name: string): Level | undefined {
  const known = LEVEL_NAMES.get(name.toLowerCase());
  if (known !== undefined) return known;
  const number = /^[1-6]0$/.test(name) ? Number(name) / 10 : 0;
  return LEVELS[number - 1];
}

/**
 * What the text of every line has whose level is one of some: most lines can be told from it without being read. A
 * backslash may hide a letter.
 */
export function wordsOfLevels(levels: readonly Level[]): RegExp {
  const names = [...LEVEL_NAMES].filter(([, level]) => levels.includes(level)).map(([name]) => name);
  const shortest = names.filter((name) => !names.some((other) => other !== name && name.includes(other)));
  const numbers = levels.map((level) => LEVELS.indexOf(level) + 1).join("");
  const letters = Object.keys(KLOG_LEVELS).filter((letter) => levels.includes(KLOG_LEVELS[letter] ?? "trace"));
  const klog = letters.length === 0 ? "" : `|^[${letters.join("")}]\\d{4} `;
  return new RegExp(`${shortest.join("|")}|[${numbers}]0${klog}|${ESCAPED_LETTER}`, "i");
}

const ESCAPED_LETTER = String.raw`\\[^"\\nt/]`;

const LEVEL_FIELDS = ["level", "lvl", "severity", "loglevel", "levelname", "log.level", "@l"];
const MESSAGE_FIELDS = ["msg", "message", "@m", "event", "log"];
const TIME_FIELDS = ["time", "ts", "timestamp", "@timestamp", "@t", "datetime", "date", "asctime"];
/** Fields that the line says elsewhere: in front, or in its timestamp. */
export const PLAIN_FIELDS: ReadonlySet<string> = new Set([...LEVEL_FIELDS, ...MESSAGE_FIELDS, ...TIME_FIELDS]);

const KLOG = /^([IWEF])(\d{4}) (\d\d:\d\d:\d\d\.\d+)\s+(\d+) ([^\s\]]+:\d+)\] (.*)$/s;
const KLOG_LEVELS: Readonly<Record<string, Level>> = { I: "info", W: "warn", E: "error", F: "fatal" };
/** A level near the beginning, after at most a date, a time and a bracketed word or two. */
const PLAIN_LEVEL =
  /^(?:\[?\d[\d:./,+TZ-]*\]?\s+){0,3}(?:\[[^\]\s]{1,40}\]\s+){0,2}[[(<]?(TRACE|TRC|DEBUG|DBG|INFO|INF|NOTICE|WARN|WARNING|WRN|ERROR|ERR|SEVERE|FATAL|CRITICAL|CRIT|PANIC)[\])>]?(?=[\s:|-]|$)/i;
const LOGFMT_START = /^[A-Za-z_@][\w.@/-]*=(?:"|[^\s"])/;
const LOGFMT_PAIR = /([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/g;
/** Longer lines are taken as plain text: nobody writes a record of a megabyte. */
const LONGEST = 65_536;
const DEEPEST = 6;

/** What a line says, by its form. `text` has no escape sequences. */
export function readRecord(text: string): LogRecord {
  if (text.length <= LONGEST) {
    const found = readJson(text) ?? readKlog(text) ?? readLogfmt(text);
    if (found !== undefined) return found;
  }
  return { format: "plain", level: plainLevel(text), message: text, fields: NO_FIELDS };
}

/** The level of {@link readRecord}, without the fields of JSON lines one by one. */
export function readLevel(text: string): Level | undefined {
  const value = text.length <= LONGEST ? parseJson(text) : undefined;
  if (value === undefined) return KLOG.test(text) ? KLOG_LEVELS[text[0] ?? ""] : readRecord(text).level;
  for (const name of LEVEL_FIELDS) {
    const point = name.indexOf(".");
    const outer = point === -1 ? undefined : value[name.slice(0, point)];
    const nested = isRecord(outer) ? outer[name.slice(point + 1)] : undefined;
    const level = nested ?? value[name];
    if (level !== undefined && !isRecord(level)) return levelNamed(valueText(level));
  }
  return undefined;
}

function plainLevel(text: string): Level | undefined {
  const word = PLAIN_LEVEL.exec(text.slice(0, 200))?.[1];
  return word === undefined ? undefined : levelNamed(word);
}

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

function readJson(text: string): LogRecord | undefined {
  const value = parseJson(text);
  if (value === undefined) return undefined;
  const fields = new Map<string, string>();
  flatten(value, "", 0, fields);
  return recordOf("json", fields);
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  return isRecord(value) ? value : undefined;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function flatten(
  value: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
  into: Map<string, string>,
): void {
  for (const [key, one] of Object.entries(value)) {
    const name = `${path}${key}`;
    if (isRecord(one) && depth < DEEPEST) flatten(one, `${name}.`, depth + 1, into);
    else into.set(name, valueText(one));
  }
}

function readLogfmt(text: string): LogRecord | undefined {
  if (!LOGFMT_START.test(text)) return undefined;
  const fields = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(LOGFMT_PAIR)) fields.set(name, unquote(value));
  return fields.size < 2 ? undefined : recordOf("logfmt", fields);
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/gs, (_, one: string) => (one === "n" ? "\n" : one === "t" ? "\t" : one));
}

function readKlog(text: string): LogRecord | undefined {
  const match = KLOG.exec(text);
  if (match === null) return undefined;
  const [, letter = "", , , thread = "", place = "", rest = ""] = match;
  const fields = new Map<string, string>([
    ["thread", thread],
    ["source", place],
  ]);
  // Structured klog: a quoted message, then pairs.
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
  if (quoted !== null) {
    for (const [, name = "", value = ""] of rest.slice(quoted[0].length).matchAll(LOGFMT_PAIR))
      fields.set(name, unquote(value));
  }
  const message = quoted === null ? rest : unquote(quoted[0]);
  return { format: "klog", level: KLOG_LEVELS[letter], message, fields };
}

function recordOf(format: "json" | "logfmt", fields: ReadonlyMap<string, string>): LogRecord {
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const level = first(LEVEL_FIELDS);
  return {
    format,
    level: level === undefined ? undefined : levelNamed(level),
    message: first(MESSAGE_FIELDS) ?? "",
    fields,
  };
}
