import type { Reporter, TestModule } from "vitest/node";

/**
 * Closes a test run: every skipped test with its reason, then one line `N passed, N failed, N skipped`. A file that
 * cannot be loaded counts as one failed test, as does each failed check that ran before (`KELPIE_FAILED_CHECKS`).
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
    process.stdout.write(
      `${lines.join("")}${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
    );
  }
}
