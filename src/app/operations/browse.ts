import { spawn } from "node:child_process";
import type { Operations } from "../../hotkeys/action.ts";
import type { Clock } from "../../lib/clock.ts";
import type { AppServices } from "../context.ts";

const STARTED_MILLISECONDS = 1500;

/** Opens an address in the browser of the desktop; where there is none, says the address. */
export function createBrowse({ env, app, clock }: AppServices): Operations["browse"] {
  return async (url) => {
    const command = opener(env);
    if (command !== undefined && (await starts(command, url, clock))) app.flash("info", `opened ${url}`);
    else app.flash("info", `${url} (no browser can be opened from here; c copies it)`);
  };
}

function opener(env: AppServices["env"]): readonly [string, ...string[]] | undefined {
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["cmd", "/c", "start", ""];
  // Without a desktop xdg-open may start a browser of the terminal, which is ours.
  const desktop = [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((value) => (value ?? "") !== "");
  return desktop ? ["xdg-open"] : undefined;
}

/** @returns false where the program is missing or fails soon; some stay as long as the browser does */
function starts([program, ...parameters]: readonly [string, ...string[]], url: string, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, [...parameters, url], { stdio: "ignore", detached: true });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
    clock.after(STARTED_MILLISECONDS, () => resolve(true), { background: true });
    child.unref();
  });
}
