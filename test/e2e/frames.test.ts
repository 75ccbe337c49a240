import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PtyProgram } from "../support/program.ts";

const BEGIN = "\u001B[?2026h";
const END = "\u001B[?2026l";

let home = "";
let program: PtyProgram;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-frames-"));
  const env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: join(home, "kelpie"), LANG: "C.UTF-8" };
  program = new PtyProgram(["--no-local"], { env, columns: 100, rows: 30 });
  await program.waitFor(/local clusters/);
});

afterAll(async () => {
  program.kill("SIGTERM");
  await program.exited;
  await rm(home, { recursive: true, force: true });
});

/** What the program writes until the screen shows something, whole updates of it. */
async function bytesUntil(act: () => void, wanted: RegExp): Promise<string> {
  let bytes = "";
  const end = program.onData((data) => {
    bytes += data;
  });
  act();
  await program.waitFor(
    (text) => wanted.test(text) && bytes.includes(END) && bytes.lastIndexOf(END) > bytes.lastIndexOf(BEGIN),
  );
  end();
  return bytes;
}

test.each([
  ["A key", () => program.write("?"), /Everywhere|General|Quit/],
  ["A prompt with suggestions", () => program.write(":"), /apiservices +APIService/],
])("%s changes the screen in synchronized updates, and in nothing beside them", async (_name, act, wanted) => {
  const bytes = await bytesUntil(act, wanted);
  const updates = bytes.split(BEGIN).length - 1;
  expect(updates).toBeGreaterThan(0);
  expect(bytes.split(END)).toHaveLength(updates + 1);
  // Each update ends before the next begins, and what is outside of them draws nothing.
  const outside = bytes.split(BEGIN).map((part, index) => (index === 0 ? part : (part.split(END)[1] ?? "")));
  // oxlint-disable-next-line no-control-regex -- modes of the terminal begin with an escape character
  expect(outside.join("").replaceAll(/\u001B\[\?\d+[hl]/g, "")).toBe("");
});
