/** Dots of one braille character, by column and row. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const BLANK = 0x28_00;

/**
 * A filled chart of braille characters: two values in a cell, four heights in a line. The newest value stands at the
 * right edge.
 * @param values oldest first; `undefined` leaves a gap
 * @param size cells, and the value at the upper edge; what is higher is cut off there
 * @returns lines from top to bottom, each of exactly `columns` characters
 */
export function brailleChart(
  values: ReadonlyArray<number | undefined>,
  size: { readonly columns: number; readonly rows: number; readonly most: number },
): readonly string[] {
  const { columns, rows, most } = size;
  const shown = values.slice(-columns * 2);
  const first = columns * 2 - shown.length;
  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => BLANK));
  for (const [index, value] of shown.entries()) {
    if (value === undefined || !(most > 0)) continue;
    const share = Math.min(1, Math.max(0, value / most));
    // A value above nothing is seen, however low.
    const height = Math.max(share > 0 ? 1 : 0, Math.round(share * rows * 4));
    const x = first + index;
    for (let dot = 0; dot < height; dot += 1) {
      const line = cells[rows - 1 - Math.floor(dot / 4)];
      const column = Math.floor(x / 2);
      const bit = DOTS[x % 2 === 0 ? 0 : 1][3 - (dot % 4)] ?? 0;
      if (line !== undefined) line[column] = (line[column] ?? BLANK) | bit;
    }
  }
  return cells.map((line) => String.fromCharCode(...line));
}
