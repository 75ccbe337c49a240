import { parseQuantity } from "../../lib/quantity.ts";

const DURATION = /^(?:\d+[smhdy])+$/;
const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 31_536_000_000,
};

/** Milliseconds of a duration as kubectl prints it (`3d4h`), `undefined` where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhdy])/g)) {
    sum += Number(digits) * (UNIT_MILLISECONDS[unit ?? "s"] ?? 0);
  }
  return sum;
}

/** What `250m` is in a column: minutes or thousandths. */
export type CellUnit = "duration" | "quantity";

const QUANTITY_WORDS =
  /\b(?:cpus?|cores?|mem|memory|storage|capacity|allocatable|requests?|limits?|used|usage|hard|quantity|size|disk|targets?|metrics?|reference|value|utili[sz]ation|ephemeral)\b/i;

/** Read from the name of a printed column: no type the API knows tells them apart. */
export function cellUnitOf(columnName: string, columnType = "string"): CellUnit {
  if (columnType === "date") return "duration";
  return QUANTITY_WORDS.test(columnName.replaceAll(/[^a-z]+/gi, " ")) ? "quantity" : "duration";
}

/**
 * What a printed cell sorts by: numbers, ages, quantities, percentages, `ready/total`, addresses and versions by value,
 * all else by its text.
 */
export function cellOrder(cell: unknown, unit: CellUnit = "duration"): number | string {
  if (typeof cell === "number") return cell;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (typeof cell !== "string") return "";
  const text = cell.trim();
  const plain = text.endsWith("%") ? text.slice(0, -1) : text;
  if (/^-?\d+(?:\.\d+)?$/.test(plain)) return Number(plain);
  const ratio = /^(\d+)\/(\d+)$/.exec(text);
  if (ratio !== null) return Number(ratio[1]) / Math.max(1, Number(ratio[2]));
  const quantity = unit === "quantity" ? parseQuantity(text) : undefined;
  if (quantity !== undefined) return quantity;
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  const counted = /^(\d+) \(.* ago\)$/.exec(text);
  if (counted !== null) return Number(counted[1]);
  const word = wordOrder(text);
  return word === text ? (parseQuantity(text) ?? text) : word;
}

/** What a word sorts by: an address by its numbers, a version by its parts (`v1.9` before `v1.10`), all else as it is. */
export function wordOrder(text: string): number | string {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  }
  return /^v\d/.test(text) ? text.replaceAll(/\d+/g, (digits) => digits.padStart(6, "0")) : text;
}

/** Numbers before texts, each ascending. */
export function compareOrder(left: number | string, right: number | string): number {
  if (left === right) return 0;
  if (typeof left === typeof right) return left < right ? -1 : 1;
  return typeof left === "number" ? -1 : 1;
}
