import { spawn } from "node:child_process";
import { errorMessage } from "../../lib/errors.ts";
import { RuntimeError } from "./runtime-error.ts";

/** The environment of the programs the runtimes are made of; the C locale saves each of them 1-2 ms. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

export interface CommandResult {
  /** 128 + signal number is not used here: a killed program has code -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Rejects only when it could not be started. */
export function runCommand(
  command: readonly string[],
  options: { readonly input?: string; readonly timeoutMilliseconds?: number } = {},
): Promise<CommandResult> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: TOOL_ENVIRONMENT,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      timeout: options.timeoutMilliseconds ?? 20_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) =>
      reject(new RuntimeError("RuntimeUnavailable", `${program}: ${errorMessage(error)}`, { cause: error })),
    );
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    if (child.stdin !== null) {
      // A program that ends before it read everything closes the pipe: its exit code tells the rest.
      child.stdin.on("error", () => {});
      child.stdin.end(options.input);
    }
  });
}

/** As {@link runCommand}; a failure becomes a {@link RuntimeError} that says what was being done and what it said. */
export async function runChecked(
  doing: string,
  reason: string,
  command: readonly string[],
  options: { readonly input?: string; readonly timeoutMilliseconds?: number } = {},
): Promise<string> {
  const result = await runCommand(command, options);
  if (result.code !== 0) {
    const said = (result.stderr || result.stdout).trim().split("\n").slice(-3).join("; ");
    throw new RuntimeError(reason, `${doing}: ${said === "" ? `exit code ${result.code}` : said}`);
  }
  return result.stdout;
}
