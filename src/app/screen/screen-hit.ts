import type { Palette } from "../../config/theme.ts";
import type { Dialog, DialogHit } from "../../state/dialogs.ts";
import type { PromptState } from "../../state/prompt.ts";
import { placeCrumbs } from "./crumbs-line.ts";
import { dialogBox } from "./dialog-lines.ts";
import { visibleSuggestions } from "./prompt-lines.ts";
import type { ScreenLayout } from "./screen-layout.ts";

/** What stands on a cell of the screen, for the mouse. */
export type ScreenHit =
  | { readonly on: "content"; readonly row: number; readonly cell: number }
  | { readonly on: "crumb"; readonly index: number }
  | { readonly on: "suggestion"; readonly index: number }
  | { readonly on: "dialog"; readonly hit: DialogHit };

/** What the screen shows beside its layout. */
export interface ShownParts {
  readonly dialog: Dialog | undefined;
  readonly prompt: PromptState | undefined;
  /** Titles of the crumbs. */
  readonly titles: readonly string[];
}

/**
 * A dialog takes all clicks, then the prompt: behind them nothing can be hit.
 * @param place counted from 0
 */
export function hitAt(
  place: { readonly column: number; readonly row: number },
  layout: ScreenLayout,
  { dialog, prompt, titles }: ShownParts,
  palette: Palette,
): ScreenHit | undefined {
  const { column, row } = place;
  const { columns, rows } = layout;
  if (dialog !== undefined) {
    const box = dialogBox(dialog, columns, rows, palette);
    const found = box.targets.find(
      (target) => target.line === row - box.top && column - box.left >= target.start && column - box.left < target.end,
    );
    return found === undefined ? undefined : { on: "dialog", hit: found.hit };
  }
  if (prompt !== undefined) {
    const { first, count } = visibleSuggestions(prompt, rows);
    const index = first + row - (rows - 1 - count);
    return row < rows - 1 && index >= first && count > 0 ? { on: "suggestion", index } : undefined;
  }
  if (layout.crumbs === 1 && row === rows - 2) {
    const crumb = placeCrumbs(titles, columns).find(({ start, end }) => column >= start && column < end);
    return crumb === undefined ? undefined : { on: "crumb", index: crumb.index };
  }
  const line = row - layout.contentTop;
  return line >= 0 && line < layout.content ? { on: "content", row: line, cell: column } : undefined;
}
