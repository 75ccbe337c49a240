/**
 * `npm test`: without arguments the checks of the sources (types, lint, format, dead code, generated files), then every
 * test; with arguments vitest alone with them. Ends with one line `N passed, N failed, N skipped`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
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

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: ReadonlyArray<{ readonly name: string; readonly status: string; readonly message: string }>;
}

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

const reportFile = join(tmpdir(), `kelpie-test-${process.pid}.json`);
const result = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${reportFile}`,
    ...chosen,
  ],
  { cwd: root, env, stdio: "inherit" },
);
const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
rmSync(reportFile);
// A file that cannot be loaded has no failed test of its own; it counts as one.
const brokenFiles = report.testResults.filter((file) => file.status === "failed" && file.message !== "").length;
const failed = Math.max(report.numFailedTests + failedChecks + brokenFiles, result.status === 0 ? failedChecks : 1);
console.log(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`,
);
process.exitCode = failed === 0 ? 0 : 1;
