/**
 * `npm test`: without arguments the checks of the sources (types, lint, format, dead code, generated files), then every
 * test; with arguments vitest alone with them. Ends with the lines of summary-reporter.ts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const env = { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}` };

const CHECKS: ReadonlyArray<readonly [name: string, command: string, args: readonly string[]]> = [
  ["types", bin("tsc"), ["--noEmit"]],
  ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings"]],
  ["format", bin("oxfmt"), ["--check"]],
  ["dead code", bin("knip"), []],
  ["generated files", process.execPath, [join(root, "scripts/gen.ts"), "--check"]],
];

const chosen = process.argv.slice(2);
let failedChecks = 0;
if (chosen.length === 0) {
  for (const [name, command, args] of CHECKS) {
    const started = performance.now();
    const result = spawnSync(command, args, { cwd: root, env, encoding: "utf8" });
    const ok = result.status === 0;
    console.log(`${ok ? "ok  " : "FAIL"} ${name} (${Math.round(performance.now() - started)} ms)`);
    if (ok) continue;
    failedChecks += 1;
    console.log(`${result.stdout}${result.stderr}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "kelpie-summary-"));
const summary = join(folder, "summary");
const result = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    `--reporter=${join(root, "scripts/summary-reporter.ts")}`,
    ...chosen,
  ],
  {
    cwd: root,
    env: { ...env, KELPIE_FAILED_CHECKS: String(failedChecks), KELPIE_TEST_SUMMARY: summary },
    stdio: "inherit",
  },
);
const ended = existsSync(summary);
// Vitest that did not come to its end is one failure more.
console.log(ended ? readFileSync(summary, "utf8").trimEnd() : `0 passed, ${failedChecks + 1} failed, 0 skipped`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = failedChecks > 0 || !ended ? 1 : (result.status ?? 1);
