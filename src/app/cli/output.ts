/** Where a command writes. Tests pass their own. */
export interface Output {
  /** Results. */
  out(text: string): void;
  /** Progress and errors. */
  err(text: string): void;
  /** From now on the process does not end at once when nothing can be written any more: `end` is told instead. */
  onLost?(end: () => void): void;
}

/** Rows under a header, columns separated by three spaces, as kubectl prints them. */
export function textTable(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}
