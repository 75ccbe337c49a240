import type { LineSource } from "./styled-line.ts";

/** Looked at to either side. Objects seldom change by more lines than this at once. */
const FARTHEST = 2000;

/** Lines that must agree for one place to be surely the same as another. */
const NEIGHBOURS = 3;

/**
 * Where a line stands after a text has changed: at the nearest place where it and those below it stand, else at the
 * nearest where it does, else where it stood.
 */
export function sameLine(before: LineSource, line: number, after: LineSource): number {
  const wanted = Array.from({ length: NEIGHBOURS }, (_, offset) => before.at(line + offset).text);
  const agreeing = (at: number): number => {
    let count = 0;
    while (count < NEIGHBOURS && at + count < after.length && after.at(at + count).text === wanted[count]) count += 1;
    return count;
  };
  let best = line;
  let most = 0;
  for (let distance = 0; distance <= FARTHEST && most < NEIGHBOURS; distance += 1) {
    for (const at of distance === 0 ? [line] : [line - distance, line + distance]) {
      if (at < 0 || at >= after.length) continue;
      const count = agreeing(at);
      if (count > most) [best, most] = [at, count];
    }
  }
  return best;
}
