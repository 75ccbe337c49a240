import type { Palette } from "../../config/theme.ts";
import type { OfferedAction } from "../../hotkeys/help.ts";
import { showKey } from "../../hotkeys/keys.ts";
import { fit, textWidth } from "../../lib/text.ts";

const GAP = 2;

/** The keys of the hint bar in columns; what does not fit is left to the help. Actions that are off are faint. */
export function hintLines(
  offered: readonly OfferedAction[],
  columns: number,
  rows: number,
  palette: Palette,
): string[] {
  if (rows === 0) return [];
  const hints = offered
    .filter(({ action, keys, reason }) => isHint(action.inHintBar, reason) && keys.length > 0)
    .sort((left, right) => order(left) - order(right))
    .map(({ action, keys, reason }) => ({
      key: showKey(keys[0] ?? ""),
      title: action.title,
      help: action.id === "app.help",
      off: reason !== undefined,
    }));
  // What does not fit is told by the help: that one stays.
  while (widthOf(hints, rows) > columns) {
    const last = hints.findLastIndex((hint) => !hint.help);
    if (last === -1) break;
    hints.splice(last, 1);
  }
  const lines: string[] = Array.from({ length: rows }, () => " ");
  let used = 1;
  for (let index = 0; index < hints.length; index += rows) {
    const column = hints.slice(index, index + rows);
    const keyWidth = Math.max(...column.map((hint) => textWidth(hint.key)));
    const titleWidth = Math.max(...column.map((hint) => textWidth(hint.title)));
    const width = keyWidth + 1 + titleWidth;
    if (used + width > columns) break;
    for (let row = 0; row < rows; row += 1) {
      const hint = column[row];
      const pad = used + width + GAP <= columns ? " ".repeat(GAP) : "";
      lines[row] +=
        hint === undefined
          ? " ".repeat(width) + pad
          : palette.paint(fit(hint.key, keyWidth), hint.off ? "suggestion" : "key") +
            " " +
            palette.paint(fit(hint.title, titleWidth), hint.off ? "suggestion" : "hint") +
            pad;
    }
    used += width + GAP;
  }
  return lines;
}

function isHint(wanted: OfferedAction["action"]["inHintBar"], reason: string | undefined): boolean {
  return wanted === true || (wanted === "on" && reason === undefined);
}

function widthOf(hints: ReadonlyArray<{ readonly key: string; readonly title: string }>, rows: number): number {
  let width = 1;
  for (let index = 0; index < hints.length; index += rows) {
    const column = hints.slice(index, index + rows);
    width += Math.max(...column.map((hint) => textWidth(hint.key))) + 1;
    width += Math.max(...column.map((hint) => textWidth(hint.title))) + GAP;
  }
  return width - GAP;
}

/** Own keys of the view first, those that work everywhere last; of those the help first: it tells the others. */
function order({ action }: OfferedAction): number {
  if (action.scope !== "global") return 0;
  return action.id === "app.help" ? 1 : 2;
}
