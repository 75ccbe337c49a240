const DECIMAL: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};
const BINARY: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const FORM = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?))$/;

/**
 * The value of a Kubernetes quantity (`250m`, `1.5Gi`, `2e3`) as a number in base units: cores, bytes, counts.
 * `undefined` where the text is not a quantity. Exact up to 2^53.
 */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = FORM.exec(value);
  if (match === null) return undefined;
  const [, digits = "", exponent, suffix = ""] = match;
  if (exponent !== undefined) return Number(digits + exponent);
  return Number(digits) * (DECIMAL[suffix] ?? BINARY[suffix] ?? 1);
}

/** Cores as `kubectl top` prints them: whole millicores, `250m`. */
export function formatMillicores(cores: number): string {
  return `${Math.ceil(cores * 1000 - 1e-9)}m`;
}

/** Bytes as `kubectl top` prints them: whole mebibytes, `128Mi`. */
export function formatMebibytes(bytes: number): string {
  return `${Math.trunc(bytes / 2 ** 20)}Mi`;
}
