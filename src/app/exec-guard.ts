import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClustersOptions } from "../cluster/clusters.ts";
import type { Paths } from "../config/paths.ts";
import type { ConfirmRequest } from "../lib/dialog-request.ts";
import { errorCode } from "../lib/errors.ts";
import { asArray, asString } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { sanitize } from "../lib/text.ts";
import type { Suspend } from "./suspend.ts";

/** What clusters ask of the UI before and while a credential plugin runs. */
export type ExecGuard = Required<Pick<ClustersOptions, "confirmExec" | "withTerminal" | "execAgreed">>;

export interface ExecGuardOptions {
  readonly paths: Paths;
  readonly logger: Logger;
  confirm(request: ConfirmRequest): Promise<Readonly<Record<string, string>> | undefined>;
  readonly suspend: Suspend;
}

/**
 * A credential plugin of a kubeconfig is a program that runs with the user's rights: it is asked about before its first
 * run, with the exact command, and the answer is kept for that command. A plugin that must ask the user gets the
 * terminal.
 */
export function createExecGuard(options: ExecGuardOptions): ExecGuard {
  const file = join(options.paths.state, "exec-plugins.json");
  let asking: Promise<unknown> = Promise.resolve();

  const ask = async (request: Parameters<ExecGuard["confirmExec"]>[0]): Promise<boolean> => {
    const { command, env, key } = identify(request);
    const known = await readAllowed(file, options.logger);
    if (known.includes(key)) return true;
    const answer = await options.confirm({
      title: "Run this credential plugin?",
      lines: [
        `context ${request.context}, user ${request.user}`,
        "",
        ...env.map(([name, value]) => printable(`${name}=${value}`)),
        ...command.map((word, index) => printable(index === 0 ? word : `  ${word}`)),
        "",
        "The kubeconfig names this program to log you in. It runs with your rights.",
      ],
      confirmLabel: "Run it, from now on",
      danger: false,
    });
    if (answer === undefined) return false;
    await writeAllowed(file, [...known, key], options.logger);
    return true;
  };

  return {
    confirmExec(request) {
      // One question after the other, so that the second sees the first one's answer.
      const answer = asking.then(() => ask(request));
      asking = answer.catch(() => {});
      return answer;
    },
    execAgreed: async (request) => (await readAllowed(file, options.logger)).includes(identify(request).key),
    withTerminal: (run) => options.suspend(() => run()),
  };
}

/** What is run, and the key its answer is kept under. */
function identify(request: Parameters<ExecGuard["confirmExec"]>[0]): {
  readonly command: readonly string[];
  readonly env: ReadonlyArray<readonly [string, string]>;
  readonly key: string;
} {
  const command = [request.command, ...request.args];
  const env = Object.entries(request.env ?? {}).toSorted(([left], [right]) => (left < right ? -1 : 1));
  // A variable such as NODE_OPTIONS or LD_PRELOAD makes another program of the same command.
  return { command, env, key: JSON.stringify(env.length === 0 ? command : { command, env }) };
}

/** What is asked about must be seen whole and as it is: no line break hides the rest of a word. */
function printable(word: string): string {
  return sanitize(word.replaceAll("\n", "\\n"));
}

async function readAllowed(file: string, logger: Logger): Promise<readonly string[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, "utf8"));
    return asArray(parsed).map((each) => asString(each));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") logger.warn("remembered plugins not read", { error });
    return [];
  }
}

async function writeAllowed(file: string, allowed: readonly string[], logger: Logger): Promise<void> {
  try {
    await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(allowed), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    logger.warn("remembered plugins not written", { error });
  }
}
