/**
 * `npm run bench`: the budgets of docs/performance.md on tables of 10,000 and of 50,000 pods (test/perf/table-bars.ts).
 * `npm run bench -- pods 100000`: of another size.
 * `npm run bench -- embedded`: the bars of the embedded cluster (test/perf/embedded-bars.ts).
 * `npm run bench -- logs`: a log followed at 50,000 lines a second (test/perf/log-bars.ts).
 * `npm run bench -- logs --minutes 60 [--rate 50000]`: the same for a long time, in use, with its memory each minute.
 * All measure the built program. They print a table and never fail a build.
 */
import { parseArgs } from "node:util";
import { benchEmbedded } from "../test/perf/embedded-bars.ts";
import { benchLogMinutes, benchLogs } from "../test/perf/log-bars.ts";
import { benchTable } from "../test/perf/table-bars.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string" }, rate: { type: "string" } },
});
const [what, amount] = positionals;

if (what === "embedded") await benchEmbedded(Number(amount ?? 60));
else if (what === "logs" && values.minutes !== undefined)
  await benchLogMinutes(Number(values.minutes), Number(values.rate ?? 50_000));
else if (what === "logs") await benchLogs(Number(amount ?? 20));
else for (const pods of amount === undefined ? [10_000, 50_000] : [Number(amount)]) await benchTable(pods);
process.exit();
