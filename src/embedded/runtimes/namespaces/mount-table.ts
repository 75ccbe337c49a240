import { readFileSync } from "node:fs";

/** A line for `mount -a -T`. */
export interface TableEntry {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** fstab(5): blanks and backslashes are written in octal. */
export function escapeField(text: string): string {
  return text.replaceAll(/[\\ \t\n#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

export function formatTable(entries: readonly TableEntry[]): string {
  return entries
    .map(({ source, target, type, options }) => {
      const fields = [escapeField(source), escapeField(target), type, options.join(",")];
      return `${fields.join(" ")} 0 0\n`;
    })
    .join("");
}

/** Flags of the mounts of this machine that a user namespace must keep when it remounts. */
const KEPT_FLAGS = ["nosuid", "nodev", "noexec"];

/**
 * The flags that a bind mount of `path` has to repeat in order to be made read-only inside a user namespace: the kernel
 * refuses a remount that would drop one.
 */
export function keptFlags(path: string, mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): string[] {
  let longest = "";
  let flags: readonly string[] = [];
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const at = fields[4]?.replaceAll(/\\(\d{3})/g, (_whole, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (at === undefined) continue;
    const holds = at === "/" || path === at || path.startsWith(`${at}/`);
    if (!holds || at.length < longest.length) continue;
    longest = at;
    flags = fields[5]?.split(",") ?? [];
  }
  return KEPT_FLAGS.filter((flag) => flags.includes(flag));
}
