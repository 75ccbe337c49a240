/** A line being typed. `cursor` counts UTF-16 units and never stands inside a character. */
export interface LineEdit {
  readonly text: string;
  readonly cursor: number;
}

export function lineOf(text: string): LineEdit {
  return { text, cursor: text.length };
}

/** Inserts typed or pasted text; control characters and line ends become spaces. */
export function insertText(line: LineEdit, text: string): LineEdit {
  // oxlint-disable-next-line no-control-regex -- a paste may hold anything
  const clean = text.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, " ");
  return {
    text: line.text.slice(0, line.cursor) + clean + line.text.slice(line.cursor),
    cursor: line.cursor + clean.length,
  };
}

/**
 * Applies an editing key, as readline and most shells have them.
 * @returns undefined where the key edits nothing: the caller may give it another meaning
 */
export function editKey(line: LineEdit, key: string): LineEdit | undefined {
  const { text, cursor } = line;
  switch (key) {
    case "left":
    case "ctrl-b":
      return { text, cursor: before(text, cursor) };
    case "right":
    case "ctrl-f":
      return { text, cursor: after(text, cursor) };
    case "home":
    case "ctrl-a":
      return { text, cursor: 0 };
    case "end":
    case "ctrl-e":
      return { text, cursor: text.length };
    case "alt-b":
    case "ctrl-left":
    case "alt-left":
      return { text, cursor: wordStart(text, cursor) };
    case "alt-f":
    case "ctrl-right":
    case "alt-right":
      return { text, cursor: wordEnd(text, cursor) };
    case "backspace":
    case "ctrl-h":
      return cut(line, before(text, cursor), cursor);
    case "delete":
    case "ctrl-d":
      return cut(line, cursor, after(text, cursor));
    case "ctrl-w":
    case "alt-backspace":
      return cut(line, wordStart(text, cursor), cursor);
    case "alt-d":
      return cut(line, cursor, wordEnd(text, cursor));
    case "ctrl-u":
      return cut(line, 0, cursor);
    case "ctrl-k":
      return cut(line, cursor, text.length);
    default:
      return undefined;
  }
}

function cut({ text }: LineEdit, from: number, to: number): LineEdit {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function before(text: string, cursor: number): number {
  let start = 0;
  for (const { index } of SEGMENTER.segment(text.slice(0, cursor))) start = index;
  return start;
}

function after(text: string, cursor: number): number {
  const [next] = SEGMENTER.segment(text.slice(cursor));
  return cursor + (next?.segment.length ?? 0);
}

function wordStart(text: string, cursor: number): number {
  return /\S*\s*$/.exec(text.slice(0, cursor))?.index ?? 0;
}

function wordEnd(text: string, cursor: number): number {
  return cursor + (/^\s*\S*/.exec(text.slice(cursor))?.[0].length ?? 0);
}
