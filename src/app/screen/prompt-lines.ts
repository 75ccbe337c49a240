import type { Palette } from "../../config/theme.ts";
import { fit, textWidth, truncate } from "../../lib/text.ts";
import type { LineEdit } from "../../state/line-editor.ts";
import type { PromptState } from "../../state/prompt.ts";

/** A line being typed with its cursor, scrolled so that the cursor is in sight, at most `width` cells. */
export function editLine(line: LineEdit, width: number, palette: Palette): string {
  const room = Math.max(1, width - 1);
  let start = 0;
  while (start < line.cursor && textWidth(line.text.slice(start, line.cursor)) >= room) start += 1;
  const before = line.text.slice(start, line.cursor);
  const at = String.fromCodePoint(line.text.codePointAt(line.cursor) ?? 0x20);
  const after = truncate(
    line.text.slice(line.cursor + at.length),
    Math.max(0, width - textWidth(before) - textWidth(at)),
  );
  return `${palette.paint(before, "prompt")}\u001B[7m${at}\u001B[27m${palette.paint(after, "prompt")}`;
}

/** The bottom line while something is typed. */
export function promptLine(prompt: PromptState, columns: number, palette: Palette): string {
  const mark = prompt.mode === "command" ? ":" : "/";
  const ghost = ghostText(prompt);
  const line = editLine(prompt.line, columns - 2, palette);
  return palette.paint(mark, "title") + line + palette.paint(ghost, "suggestion");
}

/** What Tab would add to the line. */
function ghostText({ line, suggestions, chosen }: PromptState): string {
  const text = suggestions[Math.max(0, chosen)]?.text;
  if (text === undefined || line.text === "" || line.cursor < line.text.length) return "";
  return text.startsWith(line.text) ? text.slice(line.text.length) : "";
}

/** Which suggestions have room on a terminal: so many from the first, on the lines above the prompt. */
export function visibleSuggestions(
  { suggestions, chosen }: PromptState,
  rows: number,
): { readonly first: number; readonly count: number } {
  const most = Math.max(0, Math.min(8, rows - 4));
  const count = Math.min(most, suggestions.length);
  return { first: Math.max(0, Math.min(chosen - most + 1, suggestions.length - count)), count };
}

/** The suggestions over the bottom of the content, best next to the prompt's text. */
export function suggestionLines(prompt: PromptState, columns: number, rows: number, palette: Palette): string[] {
  const { suggestions, chosen } = prompt;
  const { first, count } = visibleSuggestions(prompt, rows);
  if (count === 0) return [];
  const visible = suggestions.slice(first, first + count);
  const labelWidth = Math.min(40, Math.max(...suggestions.map((each) => textWidth(each.label))));
  const detailWidth = Math.max(0, ...suggestions.map((each) => textWidth(each.description)));
  const width = Math.min(columns, labelWidth + detailWidth + 4);
  return visible.map((each, index) => {
    const text = ` ${fit(each.label, labelWidth)}  ${each.description}`;
    return palette.paint(
      fit(text, width),
      ...(first + index === chosen ? (["selected"] as const) : (["button"] as const)),
    );
  });
}
