import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * What still runs or is mounted that names a folder: processes (command line, working directory, environment or mounts
 * of their mount namespace) and mounts of this process. Empty where everything is cleaned up. Linux only.
 */
export function leftoversOf(folder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    if (command.includes(folder) || read(`/proc/${pid}/mountinfo`).includes(folder) || cwd(pid).startsWith(folder)) {
      found.push(`process ${pid}: ${command}`);
    }
  }
  for (const line of read("/proc/self/mountinfo").split("\n")) {
    if (line.includes(folder)) found.push(`mount ${line.split(" ")[4] ?? ""}`);
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process ended, or is not ours.
    return "";
  }
}

function cwd(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
