import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { fuzzyScore } from "../../lib/fuzzy.ts";
import type { StreamLabel } from "./log-streams.ts";
import { LEVELS, levelNamed, wordsOfLevels, type Level, type LogRecord } from "./log-record.ts";

/** One line, as a filter looks at it. */
export interface FilteredLine {
  /** Without escape sequences. */
  readonly text: string;
  /** Computed when first asked for: most filters never ask. */
  record(): LogRecord;
  /** That of the record, for less. */
  level(): Level | undefined;
  /** Whose line it is. */
  readonly label: StreamLabel | undefined;
}

export interface LogFilter {
  readonly text: string;
  /** Lines shown before and after each that matches. */
  readonly context: number;
  matches(line: FilteredLine): boolean;
}

type Test = (line: FilteredLine) => boolean;

const MOST_CONTEXT = 100;
const TERM = /(!?)("(?:[^"\\]|\\.)*"|\S+)/g;
const FIELD = /^([A-Za-z_@][\w.@-]*)(>=|<=|!=|:|=|>|<)(?!\/\/)(.+)$/;

/**
 * Reads a filter: terms with spaces between them, all of which must hold. `text` is a regular expression, `!text` one
 * that must not match, `~text` letters in their order, `"some words"` one term with spaces and no other meaning,
 * `level>=warn` and `status:5..` look at the record, `pod:web` at whose line it is, `+3` shows three lines around each match.
 *
 * @throws KelpieError naming the term that makes no sense
 */
export function parseLogFilter(text: string): LogFilter {
  let context = 0;
  const tests: Test[] = [];
  for (const [, not = "", body = ""] of text.matchAll(TERM)) {
    if (not === "" && /^\+\d+$/.test(body)) {
      context = Math.min(MOST_CONTEXT, Number(body));
      continue;
    }
    const test = readTerm(body);
    tests.push(not === "" ? test : (line) => !test(line));
  }
  return { text, context, matches: (line) => tests.every((test) => test(line)) };
}

/** Why a text is no filter; `undefined` where it is one. */
export function logFilterFault(text: string): string | undefined {
  try {
    parseLogFilter(text);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

function readTerm(term: string): Test {
  if (term.startsWith("~") && term.length > 1) {
    const letters = term.slice(1);
    return ({ text }) => fuzzyScore(letters, text) !== undefined;
  }
  if (term.length > 1 && term.startsWith('"') && term.endsWith('"')) {
    const pattern = patternOf(term.slice(1, -1).replaceAll('\\"', '"'));
    return ({ text }) => pattern.test(text);
  }
  const [, name = "", operator = "", value = ""] = FIELD.exec(term) ?? [];
  if (name !== "") return fieldTest(name, operator, value);
  const pattern = patternOf(term);
  return ({ text }) => pattern.test(text);
}

function fieldTest(name: string, operator: string, value: string): Test {
  const level = name === "level" ? levelNamed(value) : undefined;
  if (level !== undefined) {
    const wanted = LEVELS.indexOf(level);
    const words = wordsOfLevels(LEVELS.filter((_, index) => compare(index, operator, wanted)));
    return (line) => {
      if (!words.test(line.text)) return false;
      const own = line.level();
      return own !== undefined && compare(LEVELS.indexOf(own), operator, wanted);
    };
  }
  if (name === "level" && operator !== ":") {
    throw new KelpieError(`"${value}" is no level`, { hint: `Levels are ${LEVELS.join(", ")}.` });
  }
  const fieldOf = (line: FilteredLine): string | undefined =>
    (name === "pod" || name === "container" ? line.label?.[name] : undefined) ?? line.record().fields.get(name);
  if (operator === ":" || operator === "=" || operator === "!=") {
    const pattern = patternOf(operator === ":" ? `^(?:${value})` : `^(?:${value})$`);
    // A line that has no such field may say the same in its text: `GET:` or `x=1` are what they look like.
    const literal = patternOf(escape(`${name}${operator}${value}`));
    return (line) => {
      const own = fieldOf(line);
      if (own === undefined) return operator !== "!=" && literal.test(line.text);
      return pattern.test(own) === (operator !== "!=");
    };
  }
  const wanted = Number(value);
  if (Number.isNaN(wanted)) throw new KelpieError(`"${value}" is no number to compare ${name} with`);
  return (line) => {
    const own = Number.parseFloat(fieldOf(line) ?? "");
    return !Number.isNaN(own) && compare(own, operator, wanted);
  };
}

function compare(left: number, operator: string, right: number): boolean {
  switch (operator) {
    case ">=":
      return left >= right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case "<":
      return left < right;
    case "!=":
      return left !== right;
    default:
      return left === right;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

function patternOf(source: string): RegExp {
  try {
    return new RegExp(source, "iu");
  } catch (error) {
    const why = errorMessage(error).replace(/^Invalid regular expression: .*: /, "");
    throw new KelpieError(`"${source}" is no regular expression: ${why}`);
  }
}
