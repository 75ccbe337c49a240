import type { TableColumn } from "./table-column.ts";

/** A column with its place on the screen. */
export interface PlacedColumn {
  readonly column: TableColumn;
  /** Cells of the text, without the gap behind it. */
  readonly width: number;
}

export interface ColumnLayout {
  readonly placed: readonly PlacedColumn[];
  /** Cells between columns. */
  readonly gap: number;
  /** Columns that found no room, after those scrolled away. */
  readonly hidden: number;
}

const DEFAULT_KEEP = 5;
/** A value cut in half says little: without a width of its own a column goes rather than shrink below this. */
const DEFAULT_MINIMUM = 16;
const SHORT = 8;
/** Of the width, what a long name keeps at least before other columns go. */
const NAME_SHARE = 0.34;
const MOST_GAP = 4;

/**
 * Chooses the columns that fit and their widths. Where not all fit, the columns with the lowest `keep` go first, then
 * the widest are cut down to their minimum; what is left over widens the gaps a little.
 * @param natural widths of the contents by column id, titles not counted
 * @param skip columns scrolled away after the first one
 */
export function layOutColumns(
  columns: readonly TableColumn[],
  natural: ReadonlyMap<string, number>,
  available: number,
  skip: number,
): ColumnLayout {
  const sticky = Math.max(1, columns.findIndex((column) => column.id === "name") + 1);
  const candidates = [...columns.slice(0, sticky), ...columns.slice(sticky + Math.min(skip, columns.length - sticky))];
  const gap = 2;
  const brief = new Set<TableColumn>();
  const wanted = (column: TableColumn): number => Math.max(column.title.length, natural.get(column.id) ?? 0);
  const least = (column: TableColumn): number => {
    // Short values are worth nothing when cut: `3m2…`.
    if (wanted(column) <= SHORT) return wanted(column);
    if (brief.has(column)) return column.briefWidth ?? SHORT;
    const floor = Math.max(column.minWidth ?? DEFAULT_MINIMUM, Math.min(column.title.length, 12));
    return Math.min(wanted(column), floor);
  };
  const total = (list: readonly TableColumn[], width: (column: TableColumn) => number): number =>
    list.reduce((sum, column) => sum + width(column) + gap, -gap);

  const kept = [...candidates];
  // A name cut in half is worth less than a column of low value: leave the name most of what it wants.
  const fair = (column: TableColumn): number =>
    column.id === "name"
      ? Math.min(wanted(column), Math.max(least(column), Math.floor(available * NAME_SHARE)))
      : least(column);
  while (kept.length > sticky && total(kept, fair) > available) {
    const last = kept.reduce((lowest, column, index) => {
      const keep = keepOf(column);
      const best = keepOf(kept[lowest]);
      return index >= sticky && (lowest < sticky || keep <= best) ? index : lowest;
    }, 0);
    // What a remark takes is worth less than a whole column that is kept as long.
    const remarked = kept.find(
      (column) =>
        wanted(column) > (column.briefWidth ?? Infinity) && !brief.has(column) && keepOf(column) <= keepOf(kept[last]),
    );
    if (remarked === undefined) kept.splice(last, 1);
    else brief.add(remarked);
  }
  // A wide column went: a narrow one that went before it may have room now.
  for (const column of candidates.filter((each) => !kept.includes(each)).toSorted(byKeep)) {
    const more = candidates.filter((each) => each === column || kept.includes(each));
    if (total(more, fair) <= available) kept.splice(0, kept.length, ...more);
  }
  const widths = kept.map((column) => wanted(column));
  shrink(kept, widths, available - gap * (kept.length - 1), fair);
  shrink(kept, widths, available - gap * (kept.length - 1), least);
  const used = widths.reduce((sum, width) => sum + width, 0) + gap * (kept.length - 1);
  const spare = kept.length > 1 ? Math.floor((available - used) / (kept.length - 1)) : 0;
  return {
    placed: kept.map((column, index) => ({ column, width: Math.max(1, widths[index] ?? 1) })),
    gap: gap + Math.max(0, Math.min(MOST_GAP - gap, spare)),
    hidden: candidates.length - kept.length,
  };
}

/** What is kept longest first. */
function byKeep(left: TableColumn, right: TableColumn): number {
  return keepOf(right) - keepOf(left);
}

function keepOf(column: TableColumn | undefined): number {
  return column?.keep ?? DEFAULT_KEEP;
}

/** Takes cells from the widest column that is above its floor until the widths fit. */
function shrink(
  columns: readonly TableColumn[],
  widths: number[],
  available: number,
  floor: (column: TableColumn) => number,
): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const width = widths[index] ?? 0;
      if (width > floor(column) && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 1) - 1;
    excess -= 1;
  }
}
