import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { ClusterDirectory } from "./cluster-directory.ts";

/** Another engine runs on the directory. */
export class EngineRunningError extends KelpieError {
  override readonly name = "EngineRunningError";
}

/** A look at the lock takes it for a moment: whoever wants to keep it waits that long. */
const PATIENCE_MILLISECONDS = 1000;

/** Databases whose locks this process holds: one that nobody refers to is closed by the garbage collector. */
const held = new Set<DatabaseSync>();

/**
 * Takes the directory for this process. SQLite's lock is one of the operating system: it goes with the process,
 * however that ends, so that none is ever left behind.
 * @returns gives it back
 * @throws EngineRunningError where another process has it
 */
export function lockEngine(directory: ClusterDirectory, patience = PATIENCE_MILLISECONDS): () => void {
  // SQLite would make it with whatever mode the umask leaves.
  closeSync(openSync(directory.lockFile, "a", 0o600));
  const database = new DatabaseSync(directory.lockFile);
  try {
    database.exec(`PRAGMA busy_timeout=${patience}; BEGIN EXCLUSIVE`);
  } catch (error) {
    database.close();
    throw new EngineRunningError(
      `the cluster "${directory.name}" is in use by another process: ${errorMessage(error)}`,
      { cause: error, hint: "kelpie cluster status" },
    );
  }
  held.add(database);
  return () => {
    held.delete(database);
    database.close();
  };
}

/** Whether an engine holds the directory. */
export function isLocked(directory: ClusterDirectory): boolean {
  try {
    lockEngine(directory, 0)();
    return false;
  } catch {
    return true;
  }
}
