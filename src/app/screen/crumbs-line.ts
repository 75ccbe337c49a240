import type { Palette } from "../../config/theme.ts";
import { namespacesOf } from "../../lib/kube/namespaces.ts";
import { sanitize, textWidth, truncate } from "../../lib/text.ts";

/** A crumb with the cells it stands on. */
export interface Crumb {
  /** Its place in the trail, 0 for the root. */
  readonly index: number;
  readonly text: string;
  /** First cell, and the one after the last. */
  readonly start: number;
  readonly end: number;
}

const SEPARATOR = " › ";

/** The crumbs that fit, with where they stand: those at the end of the trail stay. */
export function placeCrumbs(titles: readonly string[], columns: number): readonly Crumb[] {
  const texts = titles.map((title) => truncate(sanitize(title), columns - 2));
  const widths = texts.map((text) => textWidth(text) + SEPARATOR.length);
  let first = 0;
  let total = widths.reduce((sum, width) => sum + width, 0);
  for (; first < texts.length - 1 && total > columns; first += 1) total -= widths[first] ?? 0;
  let start = 1;
  return texts.slice(first).map((text, offset) => {
    const crumb = { index: first + offset, text, start, end: start + textWidth(text) };
    start = crumb.end + SEPARATOR.length;
    return crumb;
  });
}

/** The way here, and at the right the namespace that the next command would list. */
export function crumbsLine(titles: readonly string[], namespace: string, columns: number, palette: Palette): string {
  const crumbs = placeCrumbs(titles, columns);
  const painted = crumbs.map(({ text }, index) =>
    palette.paint(text, index === crumbs.length - 1 ? "crumb-current" : "crumb"),
  );
  const left = ` ${painted.join(palette.paint(SEPARATOR, "border"))}`;
  const used = crumbs.at(-1)?.end;
  // Before the first view no namespace is known yet.
  if (used === undefined) return left;
  const names = namespacesOf(namespace);
  const right = names.length === 0 ? "all namespaces" : sanitize(names.join(", "));
  const shown = truncate(right, columns - used - 4);
  if (textWidth(shown) < Math.min(4, textWidth(right))) return left;
  const gap = " ".repeat(columns - used - textWidth(shown) - 1);
  return `${left}${gap}${palette.paint(shown, "crumb")}`;
}
