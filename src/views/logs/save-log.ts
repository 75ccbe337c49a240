import { open, rename, rm } from "node:fs/promises";
import { nextTurn } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { ViewHost } from "../view.ts";

/** Lines made into text before keys and frames get a turn: a few milliseconds' worth. */
const LINES_A_TURN = 1000;
const PROGRESS_MILLISECONDS = 500;

/**
 * Writes lines to a file that its owner alone may read, telling how far it is. The file has its name when it is whole.
 *
 * @param total how many lines come, where that is known
 */
export async function saveLog(
  host: ViewHost,
  fileName: string,
  lines: Iterable<string> | AsyncIterable<string>,
  total?: number,
): Promise<void> {
  let part: string | undefined;
  try {
    const path = host.savePath(fileName);
    part = `${path}.part`;
    const file = await open(part, "w", 0o600);
    let saved = 0;
    try {
      let told = host.clock.now();
      for await (const text of inPieces(lines)) {
        await file.write(text.join(""));
        saved += text.length;
        if (host.clock.now() - told < PROGRESS_MILLISECONDS) continue;
        told = host.clock.now();
        host.app.flash("info", `saving: ${saved}${total === undefined ? "" : ` of ${total}`} lines`);
      }
    } finally {
      await file.close();
    }
    await rename(part, path);
    host.app.flash("info", `${saved} line${saved === 1 ? "" : "s"} saved to ${path}`);
  } catch (error) {
    if (part !== undefined) await rm(part, { force: true });
    host.app.flash("error", `${fileName} was not saved: ${errorMessage(error)}`);
  }
}

/** Lines in pieces, between which keys and frames get a turn. */
export async function* inPieces(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let piece: string[] = [];
  for await (const line of lines) {
    piece.push(`${line}\n`);
    if (piece.length < LINES_A_TURN) continue;
    yield piece;
    piece = [];
    await new Promise<void>((resolve) => {
      nextTurn(resolve);
    });
  }
  if (piece.length > 0) yield piece;
}
