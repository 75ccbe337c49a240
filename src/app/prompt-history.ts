import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Paths } from "../config/paths.ts";
import { errorCode } from "../lib/errors.ts";
import { asArray, asString, at } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";

/** Lines typed at the prompts, oldest first. */
export interface PromptHistory {
  readonly command: readonly string[];
  readonly search: readonly string[];
}

const fileOf = (paths: Paths): string => join(paths.state, "prompt-history.json");

/** History of earlier runs; empty where there is none or it cannot be read. */
export async function readHistory(paths: Paths, logger: Logger): Promise<PromptHistory> {
  try {
    const parsed: unknown = JSON.parse(await readFile(fileOf(paths), "utf8"));
    const lines = (name: string): string[] => asArray(at(parsed, name)).map((line) => asString(line));
    return { command: lines("command"), search: lines("search") };
  } catch (error) {
    if (errorCode(error) !== "ENOENT") logger.warn("prompt history not read", { error });
    return { command: [], search: [] };
  }
}

/** Keeps the history for the next run, readable by its owner only. A failure is logged: it must not spoil the exit. */
export async function writeHistory(paths: Paths, logger: Logger, history: PromptHistory): Promise<void> {
  if (history.command.length + history.search.length === 0) return;
  const file = fileOf(paths);
  try {
    await mkdir(paths.state, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(history), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    logger.warn("prompt history not written", { error });
  }
}
