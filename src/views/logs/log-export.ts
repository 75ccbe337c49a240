import type { PagerModel } from "../../ui/pager-model.ts";
import type { ViewHost } from "../view.ts";
import type { HeldLines } from "./log-buffer.ts";
import { plainLogLine, type LogLineOptions } from "./log-line.ts";
import type { LogLines } from "./log-lines.ts";
import type { LogStreams } from "./log-streams.ts";
import { inPieces, saveLog } from "./save-log.ts";
import { wholeLog } from "./whole-log.ts";

type Part = "selected" | "filtered" | "held" | "whole";

/** Copies and saves parts of a log. What is under way goes on when the view is left. */
export class LogExport {
  readonly #host: ViewHost;
  readonly #fileName: string;
  readonly #pager: PagerModel;
  readonly #lines: LogLines;
  readonly #options: () => LogLineOptions;
  #saving = false;

  constructor(
    host: ViewHost,
    parts: {
      readonly fileName: string;
      readonly pager: PagerModel;
      readonly lines: LogLines;
      readonly options: () => LogLineOptions;
    },
  ) {
    this.#host = host;
    this.#fileName = parts.fileName;
    this.#pager = parts.pager;
    this.#lines = parts.lines;
    this.#options = parts.options;
  }

  /** Copies what is selected, or else all that is shown. */
  async copy(): Promise<void> {
    this.#lines.show();
    await this.#lines.filtered();
    const selected = this.#pager.selected();
    const { first, last } = selected ?? { first: 0, last: this.#lines.length - 1 };
    const held = this.#lines.snapshot();
    this.#pager.endCursor();
    const text: string[] = [];
    try {
      for await (const piece of inPieces(this.#texts(held, first, last))) text.push(...piece);
    } finally {
      held.release();
    }
    const all = this.#lines.filter === undefined ? "logs" : "the lines that the filter shows";
    await this.#host.app.operations.copy(text.join(""), selected === undefined ? all : linesText(last - first + 1));
  }

  /** Saves what is selected, or else what is chosen. */
  async save(streams: LogStreams | undefined): Promise<void> {
    this.#lines.show();
    if (this.#saving) {
      this.#host.app.flash("info", "a log is being saved: wait for it to end");
      return;
    }
    const part = await this.#choose(streams);
    if (part === undefined) return;
    this.#saving = true;
    try {
      if (part !== "whole") await this.#saveHeld(part);
      else if (streams !== undefined) await this.#saveWhole(streams);
    } finally {
      this.#saving = false;
    }
  }

  /** Asks only where there is a choice. */
  async #choose(streams: LogStreams | undefined): Promise<Part | undefined> {
    if (this.#pager.selected() !== undefined) return "selected";
    const { filter, buffer } = this.#lines;
    const choices = new Map<string, Part>();
    if (filter !== undefined) choices.set(`the lines that the filter shows: & ${filter.text}`, "filtered");
    choices.set(`the ${linesText(buffer.length)} held here`, "held");
    if (streams?.maybeOlder === true || buffer.dropped > 0)
      choices.set("the whole log from its beginning, as the server still has it", "whole");
    if (choices.size === 1) return "held";
    const chosen = await this.#host.app.pick({ title: "Save", items: [...choices.keys()] });
    return chosen === undefined ? undefined : choices.get(chosen);
  }

  async #saveHeld(part: Part): Promise<void> {
    const selected = part === "selected" ? this.#pager.selected() : undefined;
    if (part === "filtered") await this.#lines.filtered();
    const held = part === "held" ? this.#lines.buffer.snapshot() : this.#lines.snapshot();
    const { first, last } = selected ?? { first: 0, last: held.length - 1 };
    try {
      await saveLog(this.#host, this.#fileName, this.#texts(held, first, last), last - first + 1);
    } finally {
      held.release();
    }
  }

  async #saveWhole(streams: LogStreams): Promise<void> {
    const held = this.#lines.buffer.snapshot();
    const ended = new AbortController();
    const where = (source: number): string => streams.where(source);
    const entries = wholeLog(this.#host.cluster, streams.parts, held, where, ended.signal);
    const options = this.#options();
    async function* texts(): AsyncGenerator<string> {
      for await (const entry of entries) yield plainLogLine(entry, options);
    }
    try {
      await saveLog(this.#host, this.#fileName, texts());
    } finally {
      // Streams that are still open, where the file could not be written.
      ended.abort();
      held.release();
    }
  }

  *#texts(held: HeldLines, first: number, last: number): Generator<string> {
    const options = this.#options();
    for (let index = first; index <= last; index += 1) yield plainLogLine(held.at(index), options);
  }
}

function linesText(count: number): string {
  return `${count} line${count === 1 ? "" : "s"}`;
}
