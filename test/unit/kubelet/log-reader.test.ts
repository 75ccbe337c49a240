import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLog, type LogSource } from "../../../src/embedded/kubelet/log-reader.ts";
import { systemClock } from "../../../src/lib/clock.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kelpie-logs-"));
  path = join(directory, "0.log");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const second = (index: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString();
const line = (index: number, text = `line ${index}`, tag = "F"): string => `${second(index)} stdout ${tag} ${text}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => line(from + index)).join("");

async function read(source: Partial<LogSource> = {}): Promise<string> {
  const never = new AbortController().signal;
  return await textOf(readLog({ path, format: { timestamps: false }, clock: systemClock, ...source }, never));
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

describe("a log", () => {
  it("is printed without times and streams", async () => {
    writeFileSync(path, `${line(0)}${second(1)} stderr F oh no\n`);
    expect(await read()).toBe("line 0\noh no\n");
  });

  it("joins partial lines, with one time at the start", async () => {
    writeFileSync(path, line(0, "one ", "P") + line(1, "two ", "P") + line(2, "three"));
    expect(await read({ format: { timestamps: true } })).toBe(`${second(0)} one two three\n`);
  });

  it("is empty where the file does not exist", async () => {
    expect(await read()).toBe("");
  });

  it("begins at a time", async () => {
    writeFileSync(path, lines(0, 5));
    const format = { timestamps: false, since: Date.parse(second(3)) };
    expect(await read({ format })).toBe("line 3\nline 4\n");
  });

  it("ends after a number of bytes", async () => {
    writeFileSync(path, lines(0, 5));
    expect(await read({ format: { timestamps: false, limitBytes: 10 } })).toBe("line 0\nlin");
  });

  it.each([0, 1, 3, 9, 10, 11, 1000])("shows the last %i lines", async (tailLines) => {
    writeFileSync(path, lines(0, 10));
    const expected = Array.from({ length: 10 }, (_, index) => `line ${index}\n`).slice(10 - Math.min(10, tailLines));
    expect(await read({ tailLines })).toBe(expected.join(""));
  });

  it("counts whole lines from the end, not their parts", async () => {
    writeFileSync(path, line(0) + line(1, "a", "P") + line(2, "b", "P") + line(3, "c") + line(4));
    expect(await read({ tailLines: 2 })).toBe("abc\nline 4\n");
  });

  it("finds the last lines of a log longer than a block, wherever blocks end", async () => {
    const long = "x".repeat(1000);
    const all = Array.from({ length: 500 }, (_, index) => line(index, `${index} ${long}`));
    writeFileSync(path, all.join(""));
    for (const tailLines of [1, 62, 63, 64, 65, 130, 499]) {
      const text = await read({ tailLines });
      expect(text.split("\n")).toHaveLength(tailLines + 1);
      expect(text.startsWith(`${500 - tailLines} x`), String(tailLines)).toBe(true);
    }
  });

  it("goes back into rotated files, the oldest first", async () => {
    writeFileSync(`${path}.2`, lines(0, 3));
    writeFileSync(`${path}.1`, lines(3, 6));
    utimesSync(`${path}.2`, 1000, 1000);
    utimesSync(`${path}.1`, 2000, 2000);
    writeFileSync(path, lines(6, 9));
    expect((await read()).split("\n")).toHaveLength(10);
    expect(await read({ tailLines: 5 })).toBe("line 4\nline 5\nline 6\nline 7\nline 8\n");
  });

  it("does not take another attempt's log for its own rotated part", async () => {
    writeFileSync(path, line(0));
    writeFileSync(join(directory, "01.log"), line(1));
    expect(await read()).toBe("line 0\n");
  });
});

describe("a followed log", () => {
  function follow(tailLines?: number): {
    readonly next: (text: string) => Promise<void>;
    readonly finish: () => void;
    readonly rest: Promise<string>;
    readonly abort: () => void;
  } {
    const listeners = new Set<() => void>();
    const stop = new AbortController();
    let finished = false;
    let seen = "";
    const waiting = new Set<() => void>();
    const stream = readLog(
      {
        path,
        format: { timestamps: false },
        clock: systemClock,
        ...(tailLines === undefined ? {} : { tailLines }),
        follow: {
          finished: () => finished,
          onChange: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
      },
      stop.signal,
    );
    const rest = (async () => {
      for await (const chunk of stream) {
        seen += String(chunk);
        for (const check of waiting) check();
      }
      return seen;
    })();
    return {
      next: (text) =>
        new Promise((resolve) => {
          const check = (): void => {
            if (seen.includes(text)) resolve();
          };
          waiting.add(check);
          check();
        }),
      finish: () => {
        finished = true;
        for (const listener of listeners) listener();
      },
      rest,
      abort: () => stop.abort(),
    };
  }

  it("goes on with what is appended and ends with the container", async () => {
    writeFileSync(path, lines(0, 3));
    const log = follow(1);
    await log.next("line 2\n");
    appendFileSync(path, line(3));
    await log.next("line 3\n");
    appendFileSync(path, line(4));
    log.finish();
    expect(await log.rest).toBe("line 2\nline 3\nline 4\n");
  });

  it("follows across a rotation without losing or doubling a line", async () => {
    writeFileSync(path, lines(0, 2));
    const log = follow();
    await log.next("line 1\n");
    appendFileSync(path, line(2));
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(3));
    await log.next("line 3\n");
    log.finish();
    expect(await log.rest).toBe("line 0\nline 1\nline 2\nline 3\n");
  });

  it("skips no part when the log was rotated several times since it was looked at", async () => {
    writeFileSync(path, lines(0, 2));
    const log = follow();
    await log.next("line 1\n");
    appendFileSync(path, line(2));
    renameSync(path, `${path}.3`);
    utimesSync(`${path}.3`, 1000, 1000);
    writeFileSync(`${path}.2`, line(3));
    utimesSync(`${path}.2`, 2000, 2000);
    writeFileSync(`${path}.1`, line(4));
    utimesSync(`${path}.1`, 3000, 3000);
    writeFileSync(path, line(5));
    await log.next("line 5\n");
    log.finish();
    expect(await log.rest).toBe("line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n");
  });

  it("waits for a file that does not exist yet", async () => {
    const log = follow();
    writeFileSync(path, line(0));
    await log.next("line 0\n");
    log.finish();
    expect(await log.rest).toBe("line 0\n");
  });

  it("ends without an error when the reader leaves", async () => {
    writeFileSync(path, line(0));
    const log = follow();
    await log.next("line 0\n");
    log.abort();
    expect(await log.rest).toBe("line 0\n");
  });
});
