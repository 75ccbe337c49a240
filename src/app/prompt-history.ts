import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Paths } from "../config/paths.ts";
import { errorCode } from "../lib/errors.ts";
import { asArray, asRecord, asString, at } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import type { Prompt } from "../state/prompt.ts";

/** Lines typed at the prompts in one context, oldest first. */
interface Lines {
  readonly command: readonly string[];
  readonly search: readonly string[];
}

const NO_LINES: Lines = { command: [], search: [] };
/** Contexts whose lines are kept: those used last. */
const MOST_CONTEXTS = 50;

/** The history of the prompts, of each context its own: names that are typed belong to one cluster. */
export class PromptHistory {
  readonly #file: string;
  readonly #paths: Paths;
  readonly #logger: Logger;
  readonly #prompt: Prompt;
  /** By context, that used last at the end. `""` is before any was open. */
  #kept = new Map<string, Lines>();
  #context = "";

  constructor(paths: Paths, logger: Logger, prompt: Prompt) {
    this.#file = join(paths.state, "prompt-history.json");
    this.#paths = paths;
    this.#logger = logger;
    this.#prompt = prompt;
  }

  /** Reads what earlier runs kept; what was typed meanwhile is newer. */
  async load(): Promise<void> {
    const read = await this.#read();
    this.#kept = new Map([...read, ...this.#kept]);
    const { command, search } = read.get(this.#context) ?? NO_LINES;
    this.#prompt.loadHistory("command", command);
    this.#prompt.loadHistory("search", search);
  }

  /** Another context is open: its lines take the place of those of the one before. */
  useContext(name: string): void {
    if (name === this.#context) return;
    this.#keep();
    this.#context = name;
    const { command, search } = this.#kept.get(name) ?? NO_LINES;
    this.#prompt.setHistory("command", command);
    this.#prompt.setHistory("search", search);
  }

  /** Keeps the lines for the next run, readable by their owner only. A failure is logged: it must not spoil the exit. */
  async write(): Promise<void> {
    this.#keep();
    if (this.#kept.size === 0) return;
    try {
      // Another kelpie may have written since: only the contexts of this one are new.
      const all = new Map([...(await this.#read()), ...this.#kept]);
      const contexts = Object.fromEntries([...all].slice(-MOST_CONTEXTS));
      await mkdir(this.#paths.state, { recursive: true, mode: 0o700 });
      await writeFile(`${this.#file}.new`, JSON.stringify({ contexts }), { mode: 0o600 });
      await rename(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#logger.warn("prompt history not written", { error });
    }
  }

  #keep(): void {
    const [command, search] = [this.#prompt.history("command"), this.#prompt.history("search")];
    this.#kept.delete(this.#context);
    if (command.length + search.length > 0)
      this.#kept.set(this.#context, { command: [...command], search: [...search] });
  }

  /** Empty where there is no file, or none that can be read. */
  async #read(): Promise<ReadonlyMap<string, Lines>> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file, "utf8"));
      const lines = (value: unknown): string[] => asArray(value).map((line) => asString(line));
      return new Map(
        Object.entries(asRecord(at(parsed, "contexts"))).map(([name, value]) => [
          name,
          { command: lines(at(value, "command")), search: lines(at(value, "search")) },
        ]),
      );
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#logger.warn("prompt history not read", { error });
      return new Map();
    }
  }
}
