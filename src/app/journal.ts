import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, JournalEntry } from "../cluster/cluster.ts";
import type { Paths } from "../config/paths.ts";
import { errorCode } from "../lib/errors.ts";
import { asNumber, asString, at } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";

/** What is shown and kept in memory; the file has all. */
const MOST_ENTRIES = 5000;

/**
 * Every write of every session: appended to a file of JSON lines that its owner alone can read. An entry names what was
 * done to which object and never holds a value, so no secret can be in it.
 */
export class Journal {
  readonly #path: string;
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #entries = createValue<readonly JournalEntry[]>([]);
  readonly #followed = new WeakSet<Cluster>();
  /** Appends run one after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor(paths: Paths, logger: Logger) {
    this.#folder = paths.state;
    this.#path = join(paths.state, "journal.jsonl");
    this.#logger = logger;
  }

  /** Oldest first. */
  get entries(): Subscribable<readonly JournalEntry[]> {
    return this.#entries;
  }

  /** Reads what earlier sessions wrote. A line that is no entry (a full disk cuts one) is left out. */
  async load(): Promise<void> {
    let text = "";
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#logger.warn("journal not read", { error });
    }
    const earlier = text.split("\n").slice(-MOST_ENTRIES).flatMap(parseEntry);
    this.#entries.update((entries) => [...earlier, ...entries].slice(-MOST_ENTRIES));
  }

  /** Keeps what is written to a cluster from now on, for as long as the cluster lives. */
  follow(cluster: Cluster): void {
    if (this.#followed.has(cluster)) return;
    this.#followed.add(cluster);
    const { journal } = cluster.writes;
    let last = journal.get().at(-1);
    journal.subscribe(() => {
      const all = journal.get();
      const fresh = all.slice(last === undefined ? 0 : all.lastIndexOf(last) + 1);
      last = all.at(-1);
      this.#add(fresh);
    });
  }

  /** Resolves when all is on disk. */
  flush(): Promise<void> {
    return this.#writing;
  }

  #add(fresh: readonly JournalEntry[]): void {
    if (fresh.length === 0) return;
    this.#entries.update((entries) => [...entries, ...fresh].slice(-MOST_ENTRIES));
    const text = fresh.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        await appendFile(this.#path, text, { mode: 0o600 });
      } catch (error) {
        this.#logger.warn("journal not written", { error });
      }
    });
  }
}

function parseEntry(line: string): readonly JournalEntry[] {
  if (line === "") return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  const text = (field: string): string => asString(at(parsed, field));
  if (text("verb") === "" || text("object") === "") return [];
  const message = text("message");
  return [
    {
      at: asNumber(at(parsed, "at")),
      verb: text("verb"),
      context: text("context"),
      object: text("object"),
      result: text("result") === "ok" ? "ok" : "failed",
      ...(message === "" ? {} : { message }),
    },
  ];
}
