import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, JournalEntry } from "../cluster/cluster.ts";
import { readWholeObject } from "../cluster/row-reader.ts";
import type { Paths } from "../config/paths.ts";
import { errorCode, fileFault } from "../lib/errors.ts";
import { asNumber, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { holdsSecrets, maskSecret } from "../lib/kube/secret-values.ts";
import type { Logger } from "../lib/log.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";

/** What is shown and kept in memory. */
const MOST_ENTRIES = 1000;
/** The file holds the states of objects: at this size it becomes `<path>.1`, and the one before is gone. */
const MOST_BYTES = 8 * 2 ** 20;

/**
 * Every write of every session: appended to a file of JSON lines that its owner alone can read. The file never holds the
 * values of a Secret; they are in memory for as long as the session that wrote them.
 */
export class Journal {
  readonly #path: string;
  readonly #folder: string;
  readonly #logger: Logger;
  #failed: ((message: string) => void) | undefined;
  readonly #entries = createValue<readonly JournalEntry[]>([]);
  readonly #followed = new WeakSet<Cluster>();
  /** Appends run one after the other. */
  #writing: Promise<void> = Promise.resolve();

  /** @param failed hears, once in a session, why nothing is kept */
  constructor(paths: Paths, logger: Logger, failed: (message: string) => void = () => undefined) {
    this.#failed = failed;
    this.#folder = paths.state;
    this.#path = join(paths.state, "journal.jsonl");
    this.#logger = logger;
  }

  /** Oldest first. */
  get entries(): Subscribable<readonly JournalEntry[]> {
    return this.#entries;
  }

  /** Reads what other sessions wrote. A line that is no entry (a full disk cuts one) is left out. */
  async load(): Promise<void> {
    await this.#writing;
    const lines = [...(await this.#lines(`${this.#path}.1`)), ...(await this.#lines(this.#path))];
    const read = lines.slice(-MOST_ENTRIES).flatMap(parseEntry);
    this.#entries.update((entries) => {
      // An entry of this session knows more than its line in the file.
      const own = new Set(entries.map(({ id }) => id));
      const others = read.filter(({ id }) => !own.has(id));
      return [...others, ...entries].toSorted((left, right) => left.at - right.at).slice(-MOST_ENTRIES);
    });
  }

  async #lines(path: string): Promise<readonly string[]> {
    try {
      return (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#logger.warn("journal not read", { error });
      return [];
    }
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
    const text = fresh.map((entry) => `${JSON.stringify(forFile(entry))}\n`).join("");
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        await this.#rotate();
        await this.#append(text);
      } catch (error) {
        this.#logger.warn("journal not written", { error });
        this.#failed?.(`what was written is not kept in the journal: ${fileFault(error)}`);
        this.#failed = undefined;
      }
    });
  }

  /** On a line of its own, also where a full disk cut the last one. */
  async #append(text: string): Promise<void> {
    const file = await open(this.#path, "a+", 0o600);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(1), position: Math.max(0, size - 1) });
      const cut = bytesRead === 1 && buffer.toString() !== "\n";
      await file.appendFile(cut ? `\n${text}` : text);
    } finally {
      await file.close();
    }
  }

  async #rotate(): Promise<void> {
    try {
      if ((await stat(this.#path)).size >= MOST_BYTES) await rename(this.#path, `${this.#path}.1`);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

/** An entry as it may be written down. */
function forFile(entry: JournalEntry): JournalEntry {
  const { before, after } = entry;
  if (!holdsSecrets(entry.target)) return entry;
  return {
    ...entry,
    ...(before === undefined ? {} : { before: maskSecret(before) }),
    ...(after === undefined ? {} : { after: maskSecret(after, before) }),
  };
}

function parseEntry(line: string): readonly JournalEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  const text = (...path: readonly string[]): string => asString(at(parsed, ...path));
  const operation = OPERATIONS.find((each) => each === text("operation"));
  const time = new Date(asNumber(at(parsed, "at"), Number.NaN)).getTime();
  if (operation === undefined || text("id") === "" || text("target", "resource") === "") return [];
  if (Number.isNaN(time)) return [];
  const target: JournalEntry["target"] = {
    group: text("target", "group"),
    version: text("target", "version"),
    resource: text("target", "resource"),
    namespace: text("target", "namespace"),
    name: text("target", "name"),
    uid: text("target", "uid") || undefined,
    subresource: text("target", "subresource"),
  };
  const state = (field: "before" | "after"): { readonly [key in typeof field]?: KubeObject } => {
    const object = readWholeObject(at(parsed, field), target);
    return object === undefined ? {} : { [field]: object };
  };
  return [
    {
      id: text("id"),
      at: time,
      verb: text("verb"),
      operation,
      context: text("context"),
      target,
      result: text("result") === "ok" ? "ok" : "failed",
      ...(text("message") === "" ? {} : { message: text("message") }),
      ...(text("undoes") === "" ? {} : { undoes: text("undoes") }),
      ...(holdsSecrets(target) ? { masked: true } : {}),
      ...state("before"),
      ...state("after"),
    },
  ];
}

const OPERATIONS = ["create", "update", "delete", "evict", "session"] as const;
