import { spawn } from "node:child_process";
import type { Operations } from "../../hotkeys/action.ts";
import type { Clock } from "../../lib/clock.ts";
import type { AppServices } from "../context.ts";

type Environment = AppServices["env"];

/** The part of the services that copying needs. */
type CopyServices = Pick<AppServices, "env" | "clock"> & { readonly app: Pick<AppServices["app"], "flash"> };

interface ClipboardProgram {
  readonly command: readonly [string, ...string[]];
  /** Whether it can work here. */
  fits(env: Environment): boolean;
  /** What the bytes on its stdin are; default UTF-8. */
  readonly encoding?: "utf16le";
}

const set = (env: Environment, name: string): boolean => (env[name] ?? "") !== "";

/** Programs that take the clipboard's text on stdin, best first. */
const PROGRAMS: readonly ClipboardProgram[] = [
  { command: ["wl-copy"], fits: (env) => set(env, "WAYLAND_DISPLAY") },
  { command: ["xclip", "-selection", "clipboard"], fits: (env) => set(env, "DISPLAY") },
  { command: ["xsel", "--clipboard", "--input"], fits: (env) => set(env, "DISPLAY") },
  { command: ["clip.exe"], fits: (env) => set(env, "WSL_DISTRO_NAME"), encoding: "utf16le" },
  { command: ["pbcopy"], fits: () => process.platform === "darwin" },
];

/** tmux hands the text to the terminals that are attached, over ssh too; it needs no passthrough for that. */
const TMUX: ClipboardProgram = { command: ["tmux", "load-buffer", "-w", "-"], fits: (env) => set(env, "TMUX") };

/** Terminals refuse longer OSC 52 texts, some at a few kilobytes. */
const MOST_OSC52 = 74_994;
/** A display that went away must not hold the copy for ever. */
const PATIENCE_MILLISECONDS = 2000;

/**
 * Copies by the clipboard program of the desktop, else by OSC 52, which the terminal itself understands, also over ssh
 * and inside tmux and screen.
 */
export function createCopy(services: CopyServices, write: (sequence: string) => void): Operations["copy"] {
  return async (text, what) => {
    const { env, app, clock } = services;
    // The desktop of the machine at the other end is not the one in front of the user.
    const remote = set(env, "SSH_CONNECTION") || set(env, "SSH_TTY");
    for (const program of remote ? [] : PROGRAMS) {
      if (program.fits(env) && (await pipeTo(program, text, env, clock))) {
        app.flash("info", `copied ${what}`);
        return;
      }
    }
    if (TMUX.fits(env) && (await pipeTo(TMUX, text, env, clock))) {
      app.flash("info", `copied ${what} (through tmux)`);
      return;
    }
    const encoded = Buffer.from(text, "utf8").toString("base64");
    if (encoded.length > MOST_OSC52) {
      app.flash("error", `${what} is too long for the terminal's clipboard: Ctrl-S saves it to a file`);
      return;
    }
    write(wrapped(`\u001B]52;c;${encoded}\u0007`, env));
    app.flash("info", `copied ${what} (through the terminal)`);
  };
}

/** A sequence for the terminal around tmux or screen, which pass on only what is marked so. */
function wrapped(sequence: string, env: Environment): string {
  if (set(env, "TMUX")) return `\u001BPtmux;${sequence.replaceAll("\u001B", "\u001B\u001B")}\u001B\\`;
  return set(env, "STY") ? `\u001BP${sequence}\u001B\\` : sequence;
}

/** @returns false where the program is missing, failed or hangs */
function pipeTo(program: ClipboardProgram, text: string, env: Environment, clock: Clock): Promise<boolean> {
  const [file, ...parameters] = program.command;
  return new Promise((resolve) => {
    const child = spawn(file, parameters, { stdio: ["pipe", "ignore", "ignore"], detached: true, env });
    const giveUp = clock.after(PATIENCE_MILLISECONDS, () => child.kill(), { background: true });
    const end = (done: boolean): void => {
      giveUp();
      resolve(done);
    };
    child.on("error", () => end(false));
    child.on("exit", (code) => end(code === 0));
    child.stdin.on("error", () => end(false));
    // Windows takes anything else for a code page.
    child.stdin.end(program.encoding === "utf16le" ? Buffer.from(`\uFEFF${text}`, "utf16le") : text);
  });
}
