import type { Palette, StyleName } from "../../config/theme.ts";
import { fit, sanitize, textWidth, truncate } from "../../lib/text.ts";
import type { ConfirmDialog, Dialog, DialogHit, InputDialog, PickDialog } from "../../state/dialogs.ts";
import { wrapOffsets } from "../../ui/wrap-offsets.ts";
import { editLine } from "./prompt-lines.ts";
import type { Tone } from "../../lib/tone.ts";

/** A dialog as painted lines with its frame, and where it stands on the screen. */
export interface DialogBox {
  readonly lines: readonly string[];
  /** What the mouse can hit, by line and cells of the box. */
  readonly targets: ReadonlyArray<Target & { readonly line: number }>;
  readonly left: number;
  readonly top: number;
}

/** A line inside the frame: its text without and with colours. */
interface Inner {
  readonly width: number;
  readonly painted: string;
  readonly targets?: readonly Target[];
}

/** Cells that can be hit: the first one, and the one after the last. */
interface Target {
  readonly start: number;
  readonly end: number;
  readonly hit: DialogHit;
}

/** On less than this a dialog is its title alone: it can be cancelled, and answered after a resize. */
const SMALLEST = { columns: 16, rows: 6 };

export function dialogBox(dialog: Dialog, columns: number, rows: number, palette: Palette): DialogBox {
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    return {
      lines: [palette.paint(truncate(sanitize(dialog.request.title), columns), "danger")],
      targets: [],
      left: 0,
      top: 0,
    };
  }
  const most = Math.min(100, columns - 2);
  const least = Math.min(most, 50);
  const wanted = Math.max(...texts(dialog).map((text) => textWidth(text) + 6), least);
  const width = Math.min(most, wanted);
  const height = Math.max(3, rows - 2);
  const inner =
    dialog.type === "confirm"
      ? confirmLines(dialog, width - 4, height - 2, palette)
      : dialog.type === "input"
        ? inputLines(dialog, width - 4, height - 2, palette)
        : pickLines(dialog, width - 4, height - 2, palette);
  const danger = dialog.type === "confirm" && dialog.request.danger;
  const border: StyleName = danger ? "danger" : "title";
  const title = truncate(` ${sanitize(dialog.request.title)} `, width - 4);
  const line = (text: string): string => palette.paint(text, border);
  const framed = [
    line(`╭─${title}${"─".repeat(Math.max(0, width - 3 - textWidth(title)))}╮`),
    ...inner.map(
      (each) => `${line("│")} ${each.painted}${" ".repeat(Math.max(0, width - 4 - each.width))} ${line("│")}`,
    ),
    line(`╰${"─".repeat(width - 2)}╯`),
  ];
  // Behind the frame and its space.
  const targets = inner.flatMap((each, index) =>
    (each.targets ?? []).map(({ start, end, hit }) => ({ line: index + 1, start: start + 2, end: end + 2, hit })),
  );
  return {
    lines: framed,
    targets,
    left: Math.max(0, Math.floor((columns - width) / 2)),
    top: Math.max(0, Math.floor((rows - framed.length) / 3)),
  };
}

function texts(dialog: Dialog): readonly string[] {
  if (dialog.type === "pick") {
    const { items, details, title } = dialog.request;
    const widest = Math.max(0, ...items.map((item) => textWidth(item)));
    return [title, ...items.map((_, index) => " ".repeat(widest + 2) + (details?.[index] ?? ""))];
  }
  if (dialog.type === "input") return [dialog.request.title, ...dialog.request.lines];
  const choices = (dialog.request.choices ?? []).map(
    ({ options }) => " ".repeat(14) + options.map((each) => `  ${each} `).join(""),
  );
  return [dialog.request.title, ...dialog.request.lines, ...choices];
}

const plain = (text: string, width: number, palette: Palette, style: StyleName): Inner => {
  const cut = truncate(sanitize(text), width);
  return { width: textWidth(cut), painted: palette.paint(cut, style) };
};

const blank: Inner = { width: 0, painted: "" };

function confirmLines(dialog: ConfirmDialog, width: number, rows: number, palette: Palette): Inner[] {
  const { request, focus, chosen, typed } = dialog;
  const bottom: Inner[] = [];
  for (const [index, choice] of (request.choices ?? []).entries()) {
    const label = fit(choice.label, 14);
    let painted = palette.paint(label, focus === index ? "value" : "label");
    let used = textWidth(label);
    const targets: Target[] = [];
    const all = choice.options.reduce((sum, option) => sum + textWidth(option) + 3, used) <= width;
    for (const [at, name] of choice.options.entries()) {
      // Without room for all of them, the chosen one alone, between arrows.
      if (!all && at !== chosen[index]) continue;
      const text = all ? ` ${name} ` : `‹ ${name} ›`;
      const style = at === chosen[index] ? (focus === index ? "button-focused" : "button") : "dim";
      painted += ` ${palette.paint(text, style)}`;
      // The one shown alone goes on to the next.
      const option = all ? at : (at + 1) % choice.options.length;
      targets.push({ start: used + 1, end: used + 1 + textWidth(text), hit: { on: "option", choice: index, option } });
      used += textWidth(text) + 1;
    }
    bottom.push({ width: used, painted, targets });
  }
  if (request.typeToConfirm !== undefined) {
    const ask = `Type ${request.typeToConfirm}: `;
    const field = editLine(typed, Math.max(4, width - textWidth(ask) - 1), palette);
    bottom.push({
      width: textWidth(ask) + textWidth(typed.text) + 1,
      painted: palette.paint(ask, "label") + field,
      targets: [{ start: 0, end: width, hit: { on: "typing" } }],
    });
  }
  const cancel = "  Cancel  ";
  const confirm = `  ${request.confirmLabel}  `;
  const buttons = width >= cancel.length + confirm.length + 2 ? "  " : " ";
  const second = textWidth(cancel) + buttons.length;
  if (bottom.length > 0) bottom.push(blank);
  bottom.push({
    width: second + textWidth(confirm),
    targets: [
      { start: 0, end: textWidth(cancel), hit: { on: "cancel" } },
      { start: second, end: second + textWidth(confirm), hit: { on: "confirm" } },
    ],
    painted:
      palette.paint(cancel, focus === "cancel" ? "button-focused" : "button") +
      buttons +
      palette.paint(confirm, focus === "confirm" ? "button-focused" : request.danger ? "button-danger" : "button"),
  });
  const room = Math.max(1, rows - bottom.length - 2);
  return [
    blank,
    ...scrolled(request.lines, dialog.scroll, room, width, palette, request.lineTones),
    blank,
    ...bottom,
  ].slice(-Math.max(1, rows));
}

/** A list that shows what does not fit by saying how many more there are. */
function scrolled(
  lines: readonly string[],
  scroll: number,
  rows: number,
  width: number,
  palette: Palette,
  tones: ReadonlyArray<Tone | undefined> = [],
): Inner[] {
  // Whole names, over as many lines as they need: what is cut might be any object.
  const painted = lines.flatMap((line, index) =>
    pieces(sanitize(line), width).map((piece) => plain(piece, width, palette, tones[index] ?? "text")),
  );
  if (painted.length <= rows) return painted;
  const visible = Math.max(1, rows - 1);
  const from = Math.max(0, Math.min(scroll, painted.length - visible));
  return [
    ...painted.slice(from, from + visible),
    plain(
      `${from + 1}-${Math.min(painted.length, from + visible)} of ${painted.length}, PgDn for more`,
      width,
      palette,
      "dim",
    ),
  ];
}

function pieces(text: string, width: number): readonly string[] {
  const offsets = wrapOffsets(text, width);
  return offsets.map((offset, index) => text.slice(offset, offsets[index + 1]));
}

function inputLines(dialog: InputDialog, width: number, rows: number, palette: Palette): Inner[] {
  const { request, line, fault } = dialog;
  const label = `${request.label}: `;
  const room = Math.max(4, width - textWidth(label));
  const typed = Math.min(room, textWidth(line.text) + 1);
  const bottom: Inner[] = [
    blank,
    {
      width: textWidth(label) + typed,
      painted:
        palette.paint(label, "label") +
        (dialog.selected ? `${palette.paint(line.text, "selected")} ` : editLine(line, room, palette)),
    },
    fault === undefined ? blank : plain(fault, width, palette, "danger"),
    plain("Enter takes it, Esc cancels", width, palette, "dim"),
  ];
  return [blank, ...scrolled(request.lines, 0, Math.max(1, rows - bottom.length - 1), width, palette), ...bottom];
}

function pickLines(dialog: PickDialog, width: number, rows: number, palette: Palette): Inner[] {
  const { request, filter, matches, cursor } = dialog;
  const field = editLine(filter, Math.max(4, width - 2), palette);
  const lines: Inner[] = [
    { width: Math.min(width, textWidth(filter.text) + 3), painted: `${palette.paint("> ", "title")}${field}` },
  ];
  const room = Math.max(1, Math.min(rows - 2, Math.max(10, Math.floor(rows * 0.7))));
  const first = Math.max(0, Math.min(cursor - Math.floor(room / 2), matches.length - room));
  const widest = Math.min(Math.floor(width * 0.6), Math.max(0, ...request.items.map((item) => textWidth(item))));
  for (const [offset, index] of matches.slice(first, first + room).entries()) {
    const detail = request.details?.[index];
    const text =
      detail === undefined ? (request.items[index] ?? "") : `${fit(request.items[index] ?? "", widest)}  ${detail}`;
    const shown = fit(sanitize(text), width);
    lines.push({
      width,
      painted: palette.paint(shown, first + offset === cursor ? "selected" : "text"),
      targets: [{ start: 0, end: width, hit: { on: "item", at: first + offset } }],
    });
  }
  if (matches.length === 0) lines.push(plain("nothing matches", width, palette, "dim"));
  // The box keeps its height while one types: what stands still is read more easily.
  while (lines.length < Math.min(room, request.items.length) + 1) lines.push(blank);
  return lines;
}
