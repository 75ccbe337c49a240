/** Which part of the screen stands on which lines. */
export interface ScreenLayout {
  /** Of the terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly header: number;
  readonly hints: number;
  /** The line with the view's title. */
  readonly title: 0 | 1;
  readonly contentTop: number;
  readonly content: number;
  readonly crumbs: 0 | 1;
  /** Flash line and prompt. */
  readonly bottom: 1;
}

/**
 * Divides the lines of a terminal. What matters least goes first on a small one: hints, crumbs, then the header.
 * @param options.alert lines a warning about the connection needs
 */
export function layOutScreen(
  rows: number,
  columns: number,
  options: { readonly header: boolean; readonly fullscreen: boolean; readonly alert: 0 | 1 },
): ScreenLayout {
  const full = options.fullscreen;
  const header = (!full && options.header && rows >= 8 ? 1 : 0) + options.alert;
  const hints =
    full || !options.header || rows < 16 ? 0 : rows >= 40 ? (columns >= 120 ? 2 : 3) : columns >= 120 ? 1 : 2;
  const title = full ? 0 : 1;
  const crumbs = full || rows < 20 ? 0 : 1;
  const contentTop = header + hints + title;
  return {
    columns,
    rows,
    header,
    hints,
    title,
    contentTop,
    content: Math.max(1, rows - contentTop - crumbs - 1),
    crumbs,
    bottom: 1,
  };
}
