import stringWidth from "string-width";

const PRINTABLE_ASCII = /^[\u0020-\u007E]*$/;

/** Columns a text takes on a terminal. */
export function textWidth(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text);
}

/** `text` cut to at most `width` columns, ending in `…` where something was cut. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return "";
  if (textWidth(text) <= width) return text;
  if (PRINTABLE_ASCII.test(text)) return `${text.slice(0, width - 1)}…`;
  let result = "";
  let used = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    const columns = stringWidth(segment);
    if (used + columns > width - 1) break;
    result += segment;
    used += columns;
  }
  return `${result}…`;
}

/** `text` cut to at most `width` columns in its middle: of names that begin alike, the end tells which is which. */
export function truncateMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (!PRINTABLE_ASCII.test(text) || width < 5) return truncate(text, width);
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** `text` cut or padded with spaces to exactly `width` columns. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = truncate(text, width);
  const padding = " ".repeat(Math.max(0, width - textWidth(cut)));
  return align === "right" ? padding + cut : cut + padding;
}

/** Lines of whole words, none wider than `width` but for a word that is. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

// C0, DEL, C1, bidirectional controls, line and paragraph separators, zero-width characters, BOM, tags.
// oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
const UNSAFE = /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g;

/**
 * Makes foreign text harmless on one line of a terminal: a tab becomes a space, control characters and invisible or
 * bidirectional controls are shown as `\xNN` or `\u{N}`, so that no byte of it acts as a control sequence and
 * nothing is hidden.
 */
export function sanitize(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replaceAll(UNSAFE, (character) => {
    if (character === "\t") return " ";
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
