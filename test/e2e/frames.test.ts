import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PtyProgram } from "../support/program.ts";

const BEGIN = "\u001B[?2026h";
const END = "\u001B[?2026l";

let home = "";
let program: PtyProgram;
let bytes = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-frames-"));
  const env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: join(home, "kelpie"), LANG: "C.UTF-8" };
  program = new PtyProgram(["--no-local"], { env, columns: 100, rows: 30 });
  program.onData((data) => {
    bytes += data;
  });
  await program.waitFor(/local clusters/);
});

afterAll(async () => {
  program.kill("SIGTERM");
  await program.exited;
  await rm(home, { recursive: true, force: true });
});

test("Everything is drawn in synchronized updates, and nothing beside them", async () => {
  const whole = (): boolean => bytes.lastIndexOf(END) > bytes.lastIndexOf(BEGIN);
  const shown = (wanted: RegExp) => program.waitFor((text) => wanted.test(text) && whole());
  program.write("?");
  await shown(/Navigate/);
  program.write(":");
  await shown(/apiservices +APIService/);
  const [, ...updates] = bytes.split(BEGIN);
  expect(updates.length).toBeGreaterThan(2);
  // What follows the end of an update sets modes of the terminal at most.
  const outside = updates.map((update) => update.split(END).slice(1).join(""));
  // oxlint-disable-next-line no-control-regex -- modes of the terminal begin with an escape character
  expect(outside.join("").replaceAll(/\u001B\[\?\d+[hl]/g, "")).toBe("");
  expect(updates.every((update) => update.split(END).length === 2)).toBe(true);
});
