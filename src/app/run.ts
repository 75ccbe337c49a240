import { errorMessage, KelpieError, UsageError } from "../lib/errors.ts";
import type { Output } from "./cli/output.ts";
import { limitYoungGeneration } from "./small-young-generation.ts";

/** Runs the command line of this process and sets its exit code: 0 done, 1 failed, 2 wrong use. */
export async function run(): Promise<void> {
  // A reader that went away (`kelpie … | head`) is no error of ours.
  let onLost = (error: NodeJS.ErrnoException): void => process.exit(error.code === "EPIPE" ? 0 : 1);
  const output: Output = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    onLost(end) {
      onLost = end;
    },
  };
  for (const stream of [process.stdout, process.stderr]) stream.on("error", (error) => onLost(error));
  try {
    process.exitCode = await dispatch(process.argv.slice(2), output);
  } catch (error) {
    output.err(`kelpie: ${errorMessage(error)}\n`);
    if (error instanceof KelpieError && error.hint !== undefined) output.err(`  ${error.hint}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const [first, ...rest] = argv;
  switch (first) {
    case "version":
      refuseMore(first, rest);
      return (await import("./cli/info.ts")).version(output);
    case "info":
      refuseMore(first, rest);
      return (await import("./cli/info.ts")).info(process.env, output);
    case "config":
      return (await import("./cli/config.ts")).config(rest, process.env, output);
    case "completion":
      return (await import("./cli/completion.ts")).completion(rest, output);
    case "cluster":
      return (await import("./cli/cluster.ts")).cluster(rest, process.env, output);
    default:
      limitYoungGeneration();
      return (await import("./cli/start-ui.ts")).startUi(argv, process.env, output);
  }
}

function refuseMore(command: string, [word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`\`kelpie ${command}\` takes no "${word}"`);
}
