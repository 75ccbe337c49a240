import type { Cluster } from "../../cluster/cluster.ts";
import type { LogAnswer, LogTail } from "../../resources/diagnose/diagnose.ts";

const LINES = 15;

/** Reads the last lines of logs, each once. */
export class LogTails {
  readonly #cluster: Cluster;
  readonly #changed: () => void;
  readonly #answers = new Map<string, LogAnswer | undefined>();
  #abort = new AbortController();

  constructor(cluster: Cluster, changed: () => void) {
    this.#cluster = cluster;
    this.#changed = changed;
  }

  /** The answers so far; what has not been asked for is asked now. */
  read(tails: readonly LogTail[]): readonly LogAnswer[] {
    return tails.flatMap((tail) => {
      const key = JSON.stringify(tail);
      if (!this.#answers.has(key)) this.#ask(key, tail);
      return this.#answers.get(key) ?? [];
    });
  }

  /** Forgets what was read; the next {@link read} asks again. */
  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#answers.clear();
  }

  #ask(key: string, tail: LogTail): void {
    this.#answers.set(key, undefined);
    const { namespace, pod, container, previous } = tail;
    const lines: string[] = [];
    const { signal } = this.#abort;
    const done = (fault?: string): void => {
      if (signal.aborted) return;
      this.#answers.set(key, { ...tail, lines: lines.slice(-LINES), ...(fault === undefined ? {} : { fault }) });
      this.#changed();
    };
    this.#cluster.logs(
      { namespace, pod, container, previous, follow: false, tailLines: LINES },
      {
        lines: (more) => {
          for (const { text } of more) lines.push(text);
        },
        interrupted: () => undefined,
        ended: () => done(),
        failed: (error) => done(error.message),
      },
      signal,
    );
  }
}
