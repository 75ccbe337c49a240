const REQUIREMENT = String.raw`[^\s,()]+(?:\s+(?:not)?in\s*\([^()]*\)?)?`;
const SELECTOR = String.raw`'([^']*)'|"([^"]*)"|${REQUIREMENT}(?:\s*,\s*${REQUIREMENT})*,?`;
const WORD = new RegExp(String.raw`(?<=(?:^|\s)(?:-l|--selector)\s+)(?:${SELECTOR})|\S+`, "g");

/** Splits what was typed at spaces. The selector behind `-l` stays whole: `tier in (a, b)`, in quotes or without. */
export function selectorWords(text: string): string[] {
  return Array.from(text.matchAll(WORD), ([whole, single, double]) => single ?? double ?? whole);
}
