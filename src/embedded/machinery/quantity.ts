const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?$/;
const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const DECIMAL_SUFFIXES = ["m", "", "k", "M", "G", "T", "P", "E"] as const;
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
/** Longer exponents are no quantity of anything and would take for ever. */
const MAX_EXPONENT = 30;
const MAX_DIGITS = 64;

type Format = "decimal" | "binary" | "exponent";

interface ExactQuantity {
  /** Thousandths, rounded away from zero. */
  readonly milli: bigint;
  readonly format: Format;
}

/** `undefined` where the text is not a quantity. Exact to a thousandth. */
function parseExact(text: string): ExactQuantity | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent, suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  if (whole.length + fraction.length > MAX_DIGITS || Math.abs(Number(exponent ?? 0)) > MAX_EXPONENT) return undefined;
  let digits = BigInt(whole + fraction);
  let scale = 3 - fraction.length;
  const binary = BINARY_SUFFIXES.findIndex((known) => known === suffix);
  if (binary > 0) digits *= 1024n ** BigInt(binary);
  else scale += exponent === undefined ? (DECIMAL_EXPONENTS.get(suffix) ?? 0) : Number(exponent);
  const milli = scale >= 0 ? digits * 10n ** BigInt(scale) : divideUp(digits, 10n ** BigInt(-scale));
  const format = exponent !== undefined ? "exponent" : binary > 0 ? "binary" : "decimal";
  return { milli: sign === "-" ? -milli : milli, format };
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

const known = new Map<string, string>();
const MAX_KNOWN = 1024;

/**
 * The form in which the API server stores a quantity (apimachinery pkg/api/resource): `0.5` becomes `500m`, `1000m`
 * becomes `1`, `1024Mi` becomes `1Gi`. Thousandths are the smallest part. `undefined` where it is not a quantity.
 */
export function canonicalQuantity(value: string | number): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  const cached = known.get(text);
  if (cached !== undefined) return cached;
  const exact = parseExact(text);
  if (exact === undefined) return undefined;
  const canonical = format(exact);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, canonical);
  return canonical;
}

function format(quantity: ExactQuantity): string {
  const { milli } = quantity;
  if (milli === 0n) return "0";
  const sign = milli < 0n ? "-" : "";
  const size = milli < 0n ? -milli : milli;
  // Small binary numbers are written as decimal ones, so that nothing is rounded.
  if (quantity.format === "binary" && size >= 1024n * 1000n)
    return sign + shorten(divideUp(size, 1000n), 1024n, BINARY_SUFFIXES);
  if (quantity.format === "exponent") return sign + shortenExponent(size);
  return sign + shorten(size, 1000n, DECIMAL_SUFFIXES);
}

function shorten(value: bigint, step: bigint, suffixes: readonly string[]): string {
  let rest = value;
  let index = 0;
  while (index < suffixes.length - 1 && rest % step === 0n) {
    rest /= step;
    index += 1;
  }
  return `${rest}${suffixes[index] ?? ""}`;
}

function shortenExponent(milli: bigint): string {
  let rest = milli;
  let exponent = -3;
  while (rest % 1000n === 0n) {
    rest /= 1000n;
    exponent += 3;
  }
  return exponent === 0 ? String(rest) : `${rest}e${exponent}`;
}

/** -1, 0 or 1 as `left` is less than, equal to or more than `right`; `undefined` where either is no quantity. */
export function compareQuantities(left: string | number, right: string | number): -1 | 0 | 1 | undefined {
  const a = parseExact(String(left));
  const b = parseExact(String(right));
  if (a === undefined || b === undefined) return undefined;
  return a.milli < b.milli ? -1 : a.milli > b.milli ? 1 : 0;
}
