import { stringify } from "yaml";

const OPTIONS = { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false, version: "1.1" } as const;

/** Texts that no reader of YAML 1.1 takes for anything but a text, as they stand. */
const PLAIN = /^[A-Za-z_/][A-Za-z0-9_/.-]*(?:[:@+ ][A-Za-z0-9_/.-]+)*$/;
/** Quantities, durations and shares: no number of YAML 1.1. */
const QUANTITY = /^[0-9]+(?:[mkMGs%hd]|[KMGT]i)$/;
/** Whole numbers, which must be quoted to stay texts. */
const DIGITS = /^(?:0|[1-9][0-9]{0,14})$/;
/** Words of YAML 1.1 for booleans and null. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/**
 * JSON as YAML, byte for byte what `stringify` of the package `yaml` makes of it with two spaces, lists not indented and
 * no folding, ten times as fast: most keys and values of Kubernetes' objects are plain words, and only the others are
 * left to the package.
 */
export function writeYaml(value: unknown): string {
  const lines: string[] = [];
  if (isMap(value) && !isEmpty(value)) writeMap(lines, value, "", "");
  else if (Array.isArray(value) && value.length > 0) writeList(lines, value, "", "");
  else return stringify(value, OPTIONS);
  return `${lines.join("\n")}\n`;
}

type Fields = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isEmpty(value: Fields): boolean {
  return Object.values(value).every((each) => each === undefined);
}

/** @param lead what stands before the first line: the indentation, or the dash of the list that the map is in */
function writeMap(lines: string[], map: Fields, indent: string, lead: string): void {
  let before = lead;
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const name = `${before}${keyText(key)}:`;
    before = indent;
    if (isMap(value) && !isEmpty(value)) {
      lines.push(name);
      writeMap(lines, value, `${indent}  `, `${indent}  `);
    } else if (Array.isArray(value) && value.length > 0) {
      lines.push(name);
      writeList(lines, value, indent, indent);
    } else lines.push(`${name}${scalarAfter(value, indent)}`);
  }
}

function writeList(lines: string[], list: readonly unknown[], indent: string, lead: string): void {
  let before = lead;
  for (const value of list) {
    const dash = `${before}-`;
    before = indent;
    if (isMap(value) && !isEmpty(value)) writeMap(lines, value, `${indent}  `, `${dash} `);
    else if (Array.isArray(value) && value.length > 0) writeList(lines, value, `${indent}  `, `${dash} `);
    else lines.push(`${dash}${scalarAfter(value, indent)}`);
  }
}

function isPlain(text: string): boolean {
  return text.length < SHORT && ((PLAIN.test(text) && !RESERVED.test(text)) || QUANTITY.test(text));
}

const SHORT = 200;
const MOST_KNOWN = 5000;
/** What the package made of short texts: objects that are watched are written again and again. */
const known = new Map<string, string>();

function keyText(key: string): string {
  if (isPlain(key)) return key;
  return stringify({ [key]: 0 }, OPTIONS).replace(/: 0\n$/, "");
}

/** A value that is no filled map or list, with the space before it; further lines of it are indented. */
function scalarAfter(value: unknown, indent: string): string {
  if (typeof value === "boolean" || (Number.isSafeInteger(value) && !Object.is(value, -0))) return ` ${String(value)}`;
  if (value === null || value === undefined) return " null";
  const text = typeof value === "string" ? textAfter(value) : packageText(value);
  return indent === "" ? text : text.replaceAll(/\n(?=[^\n])/g, `\n${indent}`);
}

function textAfter(value: string): string {
  if (isPlain(value)) return ` ${value}`;
  if (DIGITS.test(value)) return ` "${value}"`;
  if (value.length >= SHORT) return packageText(value);
  const before = known.get(value);
  if (before !== undefined) return before;
  const text = packageText(value);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(value, text);
  return text;
}

function packageText(value: unknown): string {
  return stringify({ k: value }, OPTIONS).slice(2, -1);
}
