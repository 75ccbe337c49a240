import type { StyledLine } from "../../ui/styled-line.ts";
import type { LogEntry } from "./log-buffer.ts";
import { LEVELS } from "./log-record.ts";
import { plainText, styledLogLine, type LogLineOptions } from "./log-line.ts";

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
  mayHave(search: string, pattern: RegExp): (raw: string) => boolean {
    if (!this.#isPlainWord(search)) return () => true;
    const ofLevel = LEVELS.some((level) => level.includes(search.toLowerCase()));
    const { structure } = this.options;
    return (raw) => {
      if (raw.includes("\u001B")) return true;
      // Records are put together anew: a level by its own name, text without its escapes.
      const laidOut = structure !== undefined && (structure.length > 0 || raw.trimStart().startsWith("{"));
      if (laidOut && (ofLevel || raw.includes("\\"))) return true;
      pattern.lastIndex = 0;
      return pattern.test(plainText(raw));
    };
  }

  /** Whether a search can be found only in what the container wrote, in one piece and as it stands there. */
  #isPlainWord(search: string): boolean {
    // A number may be written in another way, and so may a control character.
    if (!/^[\w-]*[a-z_][\w-]*$/i.test(search) || /^[xu]?[\da-f]+$/i.test(search)) return false;
    const { prefixes, timestamps } = this.options;
    if (timestamps && /^[tz]$/i.test(search)) return false;
    return !(prefixes ?? []).some(({ text }) => text.toLowerCase().includes(search.toLowerCase()));
  }
}
