import { expect, test } from "vitest";
import type { LogBatch } from "../../../src/cluster/log-batch.ts";
import { LogLineReader } from "../../../src/cluster/log-line-reader.ts";
import { LinesBefore, OlderLines } from "../../../src/views/logs/older-lines.ts";
import { seeded } from "../../support/hostile-objects.ts";

/** What a reader makes of lines that come in random pieces. */
function read(lines: readonly string[], random: () => number): LogBatch[] {
  const reader = new LogLineReader({ maxBytes: 2 ** 20, keep: () => true, now: () => 0, lastKey: undefined });
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const batches: LogBatch[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + Math.floor(random() * 200);
    batches.push(reader.push(bytes.subarray(start, end)));
    start = end;
  }
  return batches.filter(({ length }) => length > 0);
}

/** Times of both outputs of a container, which are some microseconds out of order; and lines that are equal. */
function writeLog(random: () => number): string[] {
  const lines: string[] = [];
  let microseconds = 1000;
  while (lines.length < 40) {
    microseconds += Math.floor(random() * 3) * 500;
    const time = String(microseconds - Math.floor(random() * 3) * 400).padStart(6, "0");
    const line = `2026-01-01T00:00:00.${time}Z line ${lines.length}`;
    for (let times = Math.ceil(random() * 3); times > 0; times -= 1) lines.push(line);
  }
  return lines;
}

const texts = (batches: readonly LogBatch[]): string[] =>
  batches.flatMap((batch) => Array.from(batch, ({ time, text }) => `${time} ${text}`));

test("older lines are those written before the ones that are held, whatever their times say", async () => {
  const random = seeded(7);
  for (let round = 0; round < 300; round += 1) {
    const log = writeLog(random);
    const start = Math.floor(random() * log.length);
    const older = new OlderLines(
      {
        logs: (_query, handler) => {
          for (const batch of read(log, random)) void handler.lines(batch);
          handler.ended();
        },
      },
      { namespace: "default", pod: "web", container: "web", follow: true, tailLines: log.length - start },
      1000,
    );
    for (const batch of read(log.slice(start), random)) older.count(batch);
    const loaded = new Promise<readonly LogBatch[]>((resolve) => {
      older.load(new AbortController().signal, resolve);
    });
    expect(texts(await loaded), `round ${round}`).toEqual(log.slice(0, start));
  }
});

test("what another instance wrote in the moment of the first line held is older", () => {
  const time = "2026-01-01T00:00:00.000001Z";
  const before = new LinesBefore({ key: Date.parse(time) + 0.001, bytes: Buffer.from(`${time} hello`), count: 1 });
  for (const batch of read([`${time} bye`], seeded(1))) before.take(batch);
  expect(texts(before.lines())).toEqual([`${time} bye`]);
});
