import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Writes the end of a test run to the file `KELPIE_TEST_SUMMARY`, for what runs the tests to print when vitest has said
 * its last word: every skipped test with its reason, then one line `N passed, N failed, N skipped`. A file that cannot
 * be loaded counts as one failed test, as does each failed check that ran before (`KELPIE_FAILED_CHECKS`).
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length + Number(process.env["KELPIE_FAILED_CHECKS"] ?? 0), skipped: 0 };
    const lines: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "pending") continue;
        counts[result.state] += 1;
        if (result.state !== "skipped") continue;
        lines.push(`skipped: ${test.fullName}${result.note === undefined ? "" : `: ${result.note}`}\n`);
      }
    }
    const summary = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
    writeFileSync(process.env["KELPIE_TEST_SUMMARY"] ?? "/dev/stdout", `${lines.join("")}${summary}`);
  }
}
