import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { LogPump } from "../../../src/embedded/runtimes/log-pump.ts";

let directory: string;
let logPath: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kelpie-pump-"));
  logPath = join(directory, "logs", "0.log");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (more: { readonly maxBytes?: number; readonly keep?: number } = {}): LogPump =>
  new LogPump({ directory, logPath, clock: systemClock, logger: silentLogger, ...more });
const write = (text: string): void => appendFileSync(join(directory, "stdout"), text);
const texts = (path = logPath): string[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").slice(2).join(" "));

describe("the copy of a container's output", () => {
  it("takes both streams to the end", () => {
    write("one\ntwo");
    appendFileSync(join(directory, "stderr"), "bad\n");
    open().finish();
    expect(texts().toSorted()).toEqual(["F bad", "F one", "P two"]);
  });

  it("goes on where the last one stopped", () => {
    write("one\n");
    const first = open();
    first.finish();
    write("two\n");
    open().finish();
    expect(texts()).toEqual(["F one", "F two"]);
  });

  it("copies again what was appended to the log after the last position it remembers", () => {
    write("one\n");
    open().finish();
    const position = readFileSync(join(directory, "log.position"));
    write("two\n");
    open().finish();
    // The crash comes between the two writes.
    writeFileSync(join(directory, "log.position"), position);
    write("three\n");
    open().finish();
    expect(texts()).toEqual(["F one", "F two", "F three"]);
  });

  it("keeps what a log already held when the container is new", () => {
    write("one\n");
    open().finish();
    rmSync(join(directory, "log.position"));
    rmSync(join(directory, "stdout"));
    write("two\n");
    open().finish();
    expect(texts()).toEqual(["F one", "F two"]);
  });

  it("rotates a log that is too long and keeps so many old ones", () => {
    for (let round = 0; round < 5; round += 1) {
      write(`${String(round).repeat(200)}\n`);
      open({ maxBytes: 100, keep: 2 }).finish();
    }
    expect(existsSync(logPath)).toBe(true);
    expect(texts(`${logPath}.1`)).toEqual([`F ${"4".repeat(200)}`]);
    expect(texts(`${logPath}.2`)).toEqual([`F ${"3".repeat(200)}`]);
    expect(existsSync(`${logPath}.3`)).toBe(false);
  });

  it("survives a crash between a rotation and its memory", () => {
    write("one\n");
    open().finish();
    rmSync(logPath);
    write("two\n");
    open().finish();
    expect(texts()).toEqual(["F two"]);
  });

  it("shows attached clients only what is new", () => {
    write("old\n");
    open().finish();
    const seen: string[] = [];
    const pump = new LogPump({
      directory,
      logPath,
      clock: systemClock,
      logger: silentLogger,
      onRaw: (stream, chunk) => seen.push(`${stream} ${chunk.toString()}`),
    });
    write("new\nhal");
    pump.finish();
    expect(seen).toEqual(["stdout new\nhal"]);
  });
});
