import { open } from "node:fs/promises";
import { nextTurn } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { ViewHost } from "../view.ts";

/** Lines made into text before keys and frames get a turn: a few milliseconds' worth. */
const LINES_A_TURN = 2000;
const PROGRESS_MILLISECONDS = 500;

/** Writes lines to a file that its owner alone may read, telling how far it is. */
export async function saveLog<Line>(
  host: ViewHost,
  fileName: string,
  lines: readonly Line[],
  textOf: (line: Line) => string,
): Promise<void> {
  try {
    const path = host.savePath(fileName);
    const file = await open(path, "w", 0o600);
    try {
      let told = host.clock.now();
      for (let from = 0; from < lines.length; from += LINES_A_TURN) {
        const part = lines.slice(from, from + LINES_A_TURN);
        await file.write(part.map((line) => `${textOf(line)}\n`).join(""));
        if (host.clock.now() - told >= PROGRESS_MILLISECONDS) {
          told = host.clock.now();
          host.app.flash("info", `saving: ${from + part.length} of ${lines.length} lines`);
        }
        await new Promise<void>((resolve) => {
          nextTurn(resolve);
        });
      }
    } finally {
      await file.close();
    }
    host.app.flash("info", `${lines.length} line${lines.length === 1 ? "" : "s"} saved to ${path}`);
  } catch (error) {
    host.app.flash("error", `${fileName} was not saved: ${errorMessage(error)}`);
  }
}
