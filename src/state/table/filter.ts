import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { fuzzyScore } from "../../lib/fuzzy.ts";
import { matchesLabels, parseLabelSelector } from "../../lib/kube/selector.ts";
import { selectorWords } from "../../lib/kube/selector-words.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { cellOrder, cellUnitOf, parseDuration } from "./cell-order.ts";
import type { TableColumn, TableRow } from "./table-column.ts";

/** Whether a row is shown. `haystack` is the text of its visible columns in lower case. */
export type RowTest = (row: TableRow, haystack: () => string) => boolean;

export class FilterError extends KelpieError {
  override readonly name = "FilterError";
}

/** A regular expression that only stands for itself: searched for as text, which is several times faster. */
const LITERAL = /^[\w/:,@%=-]+$/;
const LABELS = /^[A-Za-z0-9][\w./-]*(?:==|!=|=)[\w.-]*(?:,[A-Za-z0-9][\w./-]*(?:==|!=|=)[\w.-]*)*$/;

/**
 * Reads what was typed after `/`. Terms are separated by spaces and all must hold: a regular expression over the visible
 * columns, `!term` for the opposite, `-f text` fuzzy, `-l selector` or `key=value` labels, `column:value` (contains),
 * `column:=exact`, `column:~regex`, `column:>3`, `age:<1h`.
 * @returns undefined for an empty filter
 * @throws FilterError saying what is wrong
 */
export function parseFilter(text: string, columns: readonly TableColumn[]): RowTest | undefined {
  const words = selectorWords(text);
  const tests: RowTest[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if ((word === "-f" || word === "-l") && index + 1 < words.length) {
      index += 1;
      const argument = words[index] ?? "";
      tests.push(word === "-f" ? fuzzyTest(argument) : labelTest(argument));
    } else if (word !== "-f" && word !== "-l" && word !== "!") tests.push(parseTerm(word, columns));
  }
  const [only] = tests;
  if (tests.length <= 1) return only;
  return (row, haystack) => tests.every((test) => test(row, haystack));
}

/** The text in lower case that a filter looks for and nothing else, where it is such a filter. */
export function partOf(text: string, columns: readonly TableColumn[]): string | undefined {
  const word = text.trim();
  if (!LITERAL.test(word) || LABELS.test(word) || word === "-f" || word === "-l") return undefined;
  const colon = word.indexOf(":");
  return colon > 0 && findColumn(word.slice(0, colon), columns) !== undefined ? undefined : word.toLowerCase();
}

function parseTerm(word: string, columns: readonly TableColumn[]): RowTest {
  if (word.startsWith("!")) {
    const inner = parseTerm(word.slice(1), columns);
    return (row, haystack) => !inner(row, haystack);
  }
  const colon = word.indexOf(":");
  if (colon > 0) {
    const column = findColumn(word.slice(0, colon), columns);
    if (column !== undefined) return fieldTest(column, word.slice(colon + 1));
  }
  if (LABELS.test(word)) return labelTest(word);
  if (LITERAL.test(word)) {
    const part = word.toLowerCase();
    return (_row, haystack) => haystack().includes(part);
  }
  const pattern = parsePattern(word);
  return (_row, haystack) => pattern.test(haystack());
}

/** A column by its id or title, ignoring case. */
export function findColumn(name: string, columns: readonly TableColumn[]): TableColumn | undefined {
  const wanted = name.toLowerCase();
  return columns.find((column) => column.id === wanted || column.title.toLowerCase() === wanted);
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "iu");
  } catch {
    try {
      // Without the u flag a lone `{` or an escaped letter is no fault.
      return new RegExp(text, "i");
    } catch (error) {
      throw new FilterError(errorMessage(error).replace(/^Invalid regular expression: .*: /, ""), { cause: error });
    }
  }
}

function fuzzyTest(query: string): RowTest {
  return (row) => fuzzyScore(query, row.object.metadata.name ?? "") !== undefined;
}

function labelTest(text: string): RowTest {
  try {
    const selector = parseLabelSelector(text);
    return (row) => matchesLabels(selector, row.object.metadata.labels);
  } catch (error) {
    throw new FilterError(errorMessage(error), { cause: error });
  }
}

function fieldTest(column: TableColumn, value: string): RowTest {
  const comparison = /^(<=|>=|<|>)(.*)$/.exec(value);
  if (comparison !== null) return comparisonTest(column, comparison[1] ?? "", comparison[2] ?? "");
  if (value.startsWith("~")) {
    const pattern = parsePattern(value.slice(1));
    return (row) => pattern.test(column.text(row));
  }
  if (value.startsWith("=")) {
    const exact = value.slice(1).toLowerCase();
    return (row) => column.text(row).toLowerCase() === exact;
  }
  const part = value.toLowerCase();
  return (row) => column.text(row).toLowerCase().includes(part);
}

function comparisonTest(column: TableColumn, operator: string, operand: string): RowTest {
  if (operand === "") return () => true;
  const aged = column.clock === true || cellUnitOf(column.title) === "duration";
  const duration = /[smhdy]$/.test(operand) && aged ? parseDuration(operand) : undefined;
  const bound = duration ?? parseQuantity(operand);
  if (bound === undefined) {
    throw new FilterError(`${column.title} cannot be compared with "${operand}": write a number, a quantity or an age`);
  }
  return (row) => {
    // An age is read from its text: its sort key may count from another time than now.
    const value =
      duration === undefined ? (column.sortKey?.(row) ?? cellOrder(column.text(row))) : ageOfCell(column, row);
    if (typeof value !== "number") return false;
    if (operator === "<") return value < bound;
    if (operator === "<=") return value <= bound;
    return operator === ">" ? value > bound : value >= bound;
  };
}

function ageOfCell(column: TableColumn, row: TableRow): number | undefined {
  return parseDuration(column.text(row));
}
