import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createExecGuard, type ExecGuard } from "../../../src/app/exec-guard.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import type { ConfirmRequest } from "../../../src/lib/dialog-request.ts";
import { KelpieError } from "../../../src/lib/errors.ts";
import { silentLogger } from "../../../src/lib/log.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kelpie-guard-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function guard(answer: boolean): { guard: ExecGuard; asked: ConfirmRequest[] } {
  const asked: ConfirmRequest[] = [];
  const made = createExecGuard({
    paths: resolvePaths({ KELPIE_HOME: home }),
    logger: silentLogger,
    env: { PATH: home },
    confirm: (request) => {
      asked.push(request);
      return Promise.resolve(answer ? {} : undefined);
    },
    suspend: () => Promise.reject(new KelpieError("no terminal in this test")),
  });
  return { guard: made, asked };
}

const request = { context: "prod", user: "me", command: "/opt/login", args: ["get-token", "--role", "admin"] };

test("A plugin is asked about with its exact command before it runs first, and never again", async () => {
  const first = guard(true);
  expect(await first.guard.confirmExec(request)).toBe(true);
  expect(first.asked[0]?.lines).toEqual(expect.arrayContaining(["/opt/login", "  get-token", "  --role", "  admin"]));
  const later = guard(false);
  expect(await later.guard.confirmExec({ ...request, context: "other" })).toBe(true);
  expect(later.asked).toEqual([]);
  expect(statSync(join(home, "state", "exec-plugins.json")).mode & 0o077).toBe(0);
});

test("The same program with other arguments is another command", async () => {
  await guard(true).guard.confirmExec(request);
  const later = guard(false);
  expect(await later.guard.confirmExec({ ...request, args: ["delete-everything"] })).toBe(false);
  expect(later.asked).toHaveLength(1);
});

test("The same command in another environment is another command, and its variables are shown", async () => {
  await guard(true).guard.confirmExec(request);
  const later = guard(true);
  const env = { NODE_OPTIONS: "--require /tmp/\nother.js", AREA: "one" };
  expect(await later.guard.confirmExec({ ...request, env })).toBe(true);
  expect(later.asked[0]?.lines).toEqual(
    expect.arrayContaining(["AREA=one", String.raw`NODE_OPTIONS=--require /tmp/\nother.js`]),
  );
  const last = guard(false);
  const sameInOtherOrder = { AREA: "one", NODE_OPTIONS: env.NODE_OPTIONS };
  expect(await last.guard.confirmExec({ ...request, env: sameInOtherOrder })).toBe(true);
  expect(await last.guard.confirmExec({ ...request, env: { AREA: "two" } })).toBe(false);
});

test("A program that changes on disk is asked about again, and so is one found by PATH", async () => {
  for (const command of [join(home, "login"), "login"]) {
    const here = { ...request, command };
    writeFileSync(join(home, "login"), "#!/bin/sh\necho 1\n");
    expect(await guard(true).guard.confirmExec(here)).toBe(true);
    const same = guard(false);
    expect(await same.guard.confirmExec(here)).toBe(true);
    expect(await same.guard.execAgreed(here)).toBe(true);
    writeFileSync(join(home, "login"), "#!/bin/sh\necho 2\n");
    const changed = guard(false);
    expect(await changed.guard.execAgreed(here)).toBe(false);
    expect(await changed.guard.confirmExec(here)).toBe(false);
    expect(changed.asked[0]?.lines.join("\n")).toContain("has changed on disk");
  }
});

test("Two requests at once are one question", async () => {
  const { guard: one, asked } = guard(true);
  expect(await Promise.all([one.confirmExec(request), one.confirmExec(request)])).toEqual([true, true]);
  expect(asked).toHaveLength(1);
});

test("A refusal is not remembered", async () => {
  expect(await guard(false).guard.confirmExec(request)).toBe(false);
  expect(await guard(true).guard.confirmExec(request)).toBe(true);
});
