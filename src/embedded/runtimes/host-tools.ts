import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { RuntimeError } from "./runtime-error.ts";
import { runCommand, TOOL_ENVIRONMENT } from "./run-command.ts";

const DIRECTORIES = (TOOL_ENVIRONMENT["PATH"] ?? "").split(":");

/** The absolute path of a program of the base system, or `undefined`. */
export function findTool(name: string): string | undefined {
  for (const directory of DIRECTORIES) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: look on.
    }
  }
  return undefined;
}

/** Programs that the `namespaces` runtime is made of, by absolute path: busybox has fewer options under the same names. */
export interface HostTools {
  readonly unshare: string;
  readonly nsenter: string;
  readonly setpriv: string;
  readonly mount: string;
  readonly ip: string;
  readonly sh: string;
  readonly env: string;
}

const NEEDED = ["unshare", "nsenter", "setpriv", "mount", "ip", "sh", "env"] as const;

/** @throws RuntimeError `UtilLinuxMissing` naming what is not there */
export async function findHostTools(): Promise<HostTools> {
  const found = new Map(NEEDED.map((name) => [name, findTool(name)]));
  const missing = NEEDED.filter((name) => found.get(name) === undefined);
  const get = (name: (typeof NEEDED)[number]): string => found.get(name) ?? "";
  if (missing.length > 0) throw missingTools(missing.join(", "));
  const version = await runCommand([get("unshare"), "--version"]);
  if (!version.stdout.includes("util-linux"))
    throw missingTools("the unshare of util-linux (another one is in its place)");
  return {
    unshare: get("unshare"),
    nsenter: get("nsenter"),
    setpriv: get("setpriv"),
    mount: get("mount"),
    ip: get("ip"),
    sh: get("sh"),
    env: get("env"),
  };
}

function missingTools(what: string): RuntimeError {
  return new RuntimeError("UtilLinuxMissing", `Containers need ${what}, not found on this machine`, {
    hint: "Install the packages util-linux and iproute2",
  });
}
