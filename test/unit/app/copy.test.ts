import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCopy } from "../../../src/app/operations/copy.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kelpie-copy-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of that name on the path, which keeps its arguments and what it reads. */
function install(name: string, script = 'echo "$0 $*" > "$OUT.ran"; cat > "$OUT"'): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\nOUT="${folder}/clipboard"\n${script}\n`);
  chmodSync(file, 0o755);
}

interface Copied {
  readonly written: string;
  readonly flash: string;
  /** What a program got. */
  readonly taken: Buffer | undefined;
}

async function copy(text: string, env: Record<string, string>, clock = new FakeClock()): Promise<Copied> {
  const [flashes, written]: [string[], string[]] = [[], []];
  const app = { flash: (tone: string, message: string) => void flashes.push(`${tone}: ${message}`) };
  const path = { PATH: `${folder}:/usr/bin:/bin` };
  const run = createCopy({ clock, app, env: { ...path, ...env } }, (sequence) => written.push(sequence));
  await run(text, "web-1");
  const file = join(folder, "clipboard");
  return {
    written: written.join(""),
    flash: flashes.join("\n"),
    taken: existsSync(file) ? readFileSync(file) : undefined,
  };
}

const OSC52 = `\u001B]52;c;${Buffer.from("web-1").toString("base64")}\u0007`;

test.each([
  ["wl-copy", { WAYLAND_DISPLAY: "wayland-0" }],
  ["xclip", { DISPLAY: ":0" }],
  ["xsel", { DISPLAY: ":0" }],
])("On a desktop %s takes the text, and nothing is written to the terminal", async (name, env) => {
  install(name);
  const { written, flash, taken } = await copy("web-1", env);
  expect(taken?.toString()).toBe("web-1");
  expect(written).toBe("");
  expect(flash).toBe("info: copied web-1");
});

test("Windows gets UTF-16 with a mark", async () => {
  install("clip.exe");
  const { taken } = await copy("wëb", { WSL_DISTRO_NAME: "Debian" });
  expect(taken?.toString("utf16le")).toBe("\uFEFFwëb");
});

test("Without a display no program runs: the terminal takes the text", async () => {
  install("wl-copy");
  install("xclip");
  const { written, flash, taken } = await copy("web-1", {});
  expect(taken).toBeUndefined();
  expect(written).toBe(OSC52);
  expect(flash).toContain("through the terminal");
});

test("Over ssh the clipboard is the one of the terminal, not of the machine at the other end", async () => {
  install("xclip");
  const { written, taken } = await copy("web-1", { DISPLAY: ":0", SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" });
  expect(taken).toBeUndefined();
  expect(written).toBe(OSC52);
});

test("A program that fails gives way to the next, and at last to the terminal", async () => {
  install("xclip", "exit 1");
  install("xsel");
  expect((await copy("web-1", { DISPLAY: ":0" })).taken?.toString()).toBe("web-1");
  install("xsel", "exit 1");
  expect((await copy("web-1", { DISPLAY: ":0" })).written).toBe(OSC52);
});

test("A program that hangs is ended", async () => {
  install("xclip", "exec sleep 60");
  const clock = new FakeClock();
  const copying = copy("web-1", { DISPLAY: ":0" }, clock);
  await clock.timerWithin(1, 5000);
  clock.advance(5000);
  expect((await copying).written).toBe(OSC52);
});

test("Inside tmux its own buffer goes to the terminals; where that fails, the sequence is passed through", async () => {
  install("tmux");
  const { taken, written, flash } = await copy("web-1", { TMUX: "/tmp/tmux,1,0", SSH_TTY: "/dev/pts/1" });
  expect(taken?.toString()).toBe("web-1");
  expect(readFileSync(join(folder, "clipboard.ran"), "utf8")).toMatch(/tmux load-buffer -w -$/m);
  expect(written).toBe("");
  expect(flash).toContain("through tmux");
  install("tmux", "exit 1");
  expect((await copy("web-1", { TMUX: "/tmp/tmux,1,0" })).written).toBe(`\u001BPtmux;\u001B${OSC52}\u001B\\`);
});

test("Inside screen the sequence is passed through", async () => {
  expect((await copy("web-1", { STY: "1.pts" })).written).toBe(`\u001BP${OSC52}\u001B\\`);
});

test("A text too long for terminals says what to do instead", async () => {
  const { written, flash } = await copy("x".repeat(100_000), {});
  expect(written).toBe("");
  expect(flash).toMatch(/^error: web-1 is too long .* Ctrl-S saves it/);
});
