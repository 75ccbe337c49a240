import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ClustersOptions } from "../cluster/clusters.ts";
import type { Paths } from "../config/paths.ts";
import type { ConfirmRequest } from "../lib/dialog-request.ts";
import { errorCode } from "../lib/errors.ts";
import { asRecords, asString } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { sanitize } from "../lib/text.ts";
import type { Suspend } from "./suspend.ts";

/** What clusters ask of the UI before and while a credential plugin runs. */
export type ExecGuard = Required<Pick<ClustersOptions, "confirmExec" | "withTerminal" | "execAgreed">>;

type ExecRequest = Parameters<ExecGuard["confirmExec"]>[0];

export interface ExecGuardOptions {
  readonly paths: Paths;
  readonly logger: Logger;
  /** Where programs are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  confirm(request: ConfirmRequest): Promise<Readonly<Record<string, string>> | undefined>;
  readonly suspend: Suspend;
}

/**
 * A credential plugin of a kubeconfig is a program that runs with the user's rights: it is asked about before its first
 * run, with the exact command, and the answer is kept for that command until its program changes on disk. A plugin that
 * must ask the user gets the terminal.
 */
export function createExecGuard(options: ExecGuardOptions): ExecGuard {
  const file = join(options.paths.state, "exec-plugins.json");
  let asking: Promise<unknown> = Promise.resolve();

  const recall = async (
    request: ExecRequest,
  ): Promise<{
    readonly known: readonly Allowed[];
    readonly earlier: Allowed | undefined;
    readonly program: string;
  }> => {
    const known = await readAllowed(file, options.logger);
    const { key } = identify(request);
    const program = await fingerprint(request.command, { ...options.env, ...request.env });
    return { known, earlier: known.find((each) => each.key === key), program };
  };

  const ask = async (request: ExecRequest): Promise<boolean> => {
    const { command, env, key } = identify(request);
    const { known, earlier, program } = await recall(request);
    if (earlier?.program === program) return true;
    const answer = await options.confirm({
      title: "Run this credential plugin?",
      lines: [
        `context ${request.context}, user ${request.user}`,
        "",
        ...env.map(([name, value]) => printable(`${name}=${value}`)),
        ...command.map((word, index) => printable(index === 0 ? word : `  ${word}`)),
        "",
        ...(earlier === undefined ? [] : ["The program has changed on disk since you allowed it."]),
        "The kubeconfig names this program to log you in. It runs with your rights.",
      ],
      confirmLabel: "Run it, from now on",
      danger: false,
    });
    if (answer === undefined) return false;
    const others = known.filter((each) => each !== earlier);
    await writeAllowed(file, [...others, { key, program }], options.logger);
    return true;
  };

  return {
    confirmExec(request) {
      // One question after the other, so that the second sees the first one's answer.
      const answer = asking.then(() => ask(request));
      asking = answer.catch(() => {});
      return answer;
    },
    execAgreed: async (request) => {
      const { earlier, program } = await recall(request);
      return earlier?.program === program;
    },
    withTerminal: (run) => options.suspend(() => run()),
  };
}

/** What is run, and the key its answer is kept under. */
function identify(request: ExecRequest): {
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

/** A command that was agreed to, and what its program was then. */
interface Allowed {
  readonly key: string;
  readonly program: string;
}

/** What the program of a command holds; empty where it cannot be read, and then it cannot run either. */
async function fingerprint(command: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folders = command.includes("/") ? [""] : (env["PATH"] ?? "").split(delimiter);
  for (const folder of folders) {
    try {
      const hash = createHash("sha256");
      await pipeline(createReadStream(folder === "" ? command : join(folder, command)), hash);
      return hash.digest("hex");
    } catch {
      // Not in this folder.
    }
  }
  return "";
}

async function readAllowed(file: string, logger: Logger): Promise<readonly Allowed[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, "utf8"));
    return asRecords(parsed).map((each) => ({ key: asString(each["key"]), program: asString(each["program"]) }));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") logger.warn("remembered plugins not read", { error });
    return [];
  }
}

async function writeAllowed(file: string, allowed: readonly Allowed[], logger: Logger): Promise<void> {
  try {
    await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(allowed), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    logger.warn("remembered plugins not written", { error });
  }
}
