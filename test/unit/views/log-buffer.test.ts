import { expect, test } from "vitest";
import { LogBatch } from "../../../src/cluster/log-batch.ts";
import { timeKey } from "../../../src/cluster/log-time.ts";
import { LogBuffer, type SourcedBatch } from "../../../src/views/logs/log-buffer.ts";

const lines = (source: number, ...lines: ReadonlyArray<readonly [time: string, text: string]>): SourcedBatch => ({
  source,
  batch: LogBatch.of(lines.map(([time, text]) => ({ time: `2026-11-21T12:00:${time}Z`, text }))),
});
const all = (buffer: LogBuffer): string[] => Array.from({ length: buffer.length }, (_, index) => buffer.textAt(index));
const texts = (buffer: LogBuffer): string => all(buffer).join(" ");

test("lines of two streams are merged by time, however late they come", () => {
  const buffer = new LogBuffer(1_000_000);
  buffer.add([lines(0, ["01.000000001", "a1"], ["03.0", "a3"])]);
  const late = buffer.add([lines(1, ["00.5", "b0"], ["02.0", "b2"], ["04.0", "b4"])]);
  expect(texts(buffer)).toBe("b0 a1 b2 a3 b4");
  expect(late.stable).toBe(0);
  expect(buffer.add([lines(0, ["05.0", "a5"])]).stable).toBe(5);
  expect(buffer.add([lines(1, ["04.5", "b4.5"])]).stable).toBe(5);
  expect(buffer.at(0)).toEqual({ time: "2026-11-21T12:00:00.5Z", text: "b0", source: 1, kind: "line" });
});

test("lines of one moment keep the order in which they came", () => {
  const buffer = new LogBuffer(1_000_000);
  buffer.add([lines(0, ["01.0", "one"], ["01.0", "two"])]);
  buffer.add([lines(0, ["01.0", "three"], ["01.0", "four"])]);
  expect(texts(buffer)).toBe("one two three four");
});

test("times are told apart below the millisecond", () => {
  expect(timeKey("2026-11-21T12:00:00.123456Z")).toBeGreaterThan(timeKey("2026-11-21T12:00:00.123455Z"));
  expect(timeKey("2026-11-21T13:00:00.5+01:00")).toBe(timeKey("2026-11-21T12:00:00.500Z"));
});

test("a full buffer drops the oldest lines, says how many, and stays within its bytes", () => {
  const buffer = new LogBuffer(20_000);
  let dropped = 0;
  for (let index = 0; index < 3600; index += 1) {
    const second = String(index % 60).padStart(2, "0");
    const time = `2026-11-21T12:${String(Math.floor(index / 60)).padStart(2, "0")}:${second}Z`;
    dropped += buffer.add([{ source: 0, batch: LogBatch.of([{ time, text: `line ${index}` }]) }]).dropped;
  }
  expect(buffer.bytes).toBeLessThanOrEqual(20_000);
  expect(buffer.dropped).toBe(dropped);
  expect(buffer.length + dropped).toBe(3600);
  expect(buffer.textAt(buffer.length - 1)).toBe("line 3599");
  expect(buffer.textAt(0)).toBe(`line ${dropped}`);
});

test("any batches of many streams, late, earlier, large and dropped ones, are held as a simple list would hold them", () => {
  let state = 11;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const buffer = new LogBuffer(60_000);
  let model: Array<{ readonly key: number; readonly text: string }> = [];
  let count = 0;
  let snapshot: { readonly held: ReturnType<LogBuffer["snapshot"]>; readonly texts: readonly string[] } | undefined;
  for (let round = 0; round < 600; round += 1) {
    const earlier = round % 50 === 49 && !buffer.full;
    const batches = Array.from({ length: 1 + random(4) }, (): SourcedBatch => {
      const batch = Array.from({ length: random(8) }, () => {
        count += 1;
        const second = earlier ? random(round) : round - random(5);
        const time = new Date(1_767_225_600_000 + second * 1000).toISOString();
        return { time, text: random(200) === 0 ? `${count}${"x".repeat(40_000)}` : `${count}` };
      });
      return { source: random(100), batch: LogBatch.of(batch) };
    });
    const added = batches
      .flatMap(({ batch }) => Array.from(batch, ({ time, text }) => ({ key: timeKey(time), text })))
      .toSorted((left, right) => left.key - right.key);
    const marks = [0, buffer.length >> 1, buffer.length - 1].map((index) => [buffer.markAt(index), all(buffer)[index]]);
    const { dropped, stable } = buffer.add(batches, earlier);
    const before = model.slice(dropped, dropped + stable);
    model = [...(earlier ? added : model), ...(earlier ? model : added)]
      .toSorted((left, right) => left.key - right.key)
      .slice(dropped);
    expect(all(buffer)).toEqual(model.map(({ text }) => text));
    expect(model.slice(0, stable)).toEqual(before);
    for (const [mark, text] of marks) {
      if (typeof mark !== "object" || text === undefined || !model.some((line) => line.text === text)) continue;
      expect(buffer.textAt(buffer.indexOf(mark))).toBe(text);
    }
    if (round % 100 === 0) {
      snapshot?.held.release();
      snapshot = { held: buffer.snapshot(), texts: all(buffer) };
    }
    if (round % 100 === 99 && snapshot !== undefined) {
      const { held, texts: then } = snapshot;
      expect(Array.from({ length: held.length }, (_, index) => held.at(index).text)).toEqual(then);
    }
  }
  expect(buffer.dropped).toBeGreaterThan(1000);
});
