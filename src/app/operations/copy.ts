import { spawn } from "node:child_process";
import type { Operations } from "../../hotkeys/action.ts";
import type { AppServices } from "../context.ts";

/** Programs that take the clipboard's text on stdin, by what must be in the environment. */
const PROGRAMS: ReadonlyArray<{
  readonly needs: string | undefined;
  readonly command: readonly [string, ...string[]];
}> = [
  { needs: "WAYLAND_DISPLAY", command: ["wl-copy"] },
  { needs: "DISPLAY", command: ["xclip", "-selection", "clipboard"] },
  { needs: "DISPLAY", command: ["xsel", "--clipboard", "--input"] },
  ...(process.platform === "darwin" ? [{ needs: undefined, command: ["pbcopy"] as const }] : []),
];

/** Terminals refuse longer OSC 52 texts, some at a few kilobytes. */
const MOST_OSC52 = 74_994;

/**
 * Copies by the clipboard program of the desktop, else by OSC 52, which the terminal itself understands, also over ssh
 * and inside tmux.
 */
export function createCopy(services: AppServices, write: (sequence: string) => void): Operations["copy"] {
  return async (text, what) => {
    const { env, app } = services;
    const remote = env["SSH_CONNECTION"] !== undefined || env["SSH_TTY"] !== undefined;
    for (const { needs, command } of remote ? [] : PROGRAMS) {
      if (needs !== undefined && (env[needs] ?? "") === "") continue;
      if (await pipeTo(command, text)) {
        app.flash("info", `copied ${what}`);
        return;
      }
    }
    const encoded = Buffer.from(text, "utf8").toString("base64");
    if (encoded.length > MOST_OSC52) {
      app.flash("error", `${what} is too long for the terminal's clipboard`);
      return;
    }
    const sequence = `\u001B]52;c;${encoded}\u0007`;
    write(env["TMUX"] === undefined ? sequence : `\u001BPtmux;\u001B${sequence}\u001B\\`);
    app.flash("info", `copied ${what} (through the terminal)`);
  };
}

/** @returns false where the program is missing or failed */
function pipeTo([program, ...parameters]: readonly [string, ...string[]], text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ["pipe", "ignore", "ignore"], detached: true });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
    child.stdin.on("error", () => resolve(false));
    child.stdin.end(text);
  });
}
