import type { StyledLine } from "../../ui/styled-line.ts";
import type { LogEntry } from "./log-buffer.ts";
import { LEVELS } from "./log-record.ts";
import { styledLogLine, type LogLineOptions } from "./log-line.ts";

/** How lines become what is drawn. */
export class LineForm {
  readonly options: LogLineOptions;

  constructor(options: LogLineOptions) {
    this.options = options;
  }

  draw(entry: LogEntry): StyledLine {
    return styledLogLine(entry, this.options);
  }

  /**
   * Whether a line may have what is searched for when it is drawn, told by its raw text where that is certain: drawing
   * every line that is held takes ten times as long.
   */
  mayHave(search: string): (raw: string) => boolean {
    const word = this.#wordOf(search);
    if (word === undefined) return () => true;
    const pattern = new RegExp(word, "iu");
    const ofLevel = LEVELS.some((level) => level.includes(word.toLowerCase()));
    const { structure } = this.options;
    return (raw) => {
      if (pattern.test(raw) || REWRITTEN.test(raw)) return true;
      // Records begin with the level by its own name.
      return ofLevel && structure !== undefined && (structure.length > 0 || raw.trimStart().startsWith("{"));
    };
  }

  /** The longest word of a search that every line which has it when drawn has as it was written. */
  #wordOf(search: string): string | undefined {
    if (NOT_LITERAL.test(search)) return undefined;
    const { prefixes, timestamps } = this.options;
    const words = search.match(/[\w-]+/g) ?? [];
    const certain = words.filter((word) => {
      if (timestamps && /^[\dtz-]+$/i.test(word)) return false;
      return !(prefixes ?? []).some(({ text }) => text.toLowerCase().includes(word.toLowerCase()));
    });
    return certain.toSorted((left, right) => right.length - left.length)[0];
  }
}

/** What makes a search more than words that must all be there. */
const NOT_LITERAL = /[\\*+?{}|[\]()]/;
/** What is drawn in another way than it was written: escapes, control and invisible characters, some numbers of JSON. */
const REWRITTEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB\\]|\d[eE][+-]?\d|\d{16}/;
