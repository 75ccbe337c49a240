import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import xterm from "@xterm/headless";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fastSource, inkFastRows } from "../../../scripts/ink-fast-rows.ts";

interface Output {
  write(x: number, y: number, text: string, options: { transformers: readonly ((line: string) => string)[] }): void;
  clip(clip: Clip): void;
  unclip(): void;
  get(): { readonly output: string; readonly height: number };
}
type Clip = Readonly<Record<"x1" | "x2" | "y1" | "y2", number | undefined>>;
interface Instance {
  rerender(tree: unknown): void;
  waitUntilRenderFlush(): Promise<void>;
  unmount(): void;
}
interface Ink {
  readonly Output: new (options: { width: number; height: number }) => Output;
  readonly lineUpdate: (previous: string, next: string, columns: number) => string;
  readonly measureText: (text: string) => { readonly width: number; readonly height: number };
  readonly render: (tree: unknown, options: Readonly<Record<string, unknown>>) => Instance;
  readonly createElement: (type: unknown, props: Readonly<Record<string, unknown>>, ...children: unknown[]) => unknown;
  readonly Box: unknown;
  readonly Text: unknown;
}

const folder = mkdtempSync(join(tmpdir(), "kelpie-fast-rows-"));
const ink = join(import.meta.dirname, "../../../node_modules/ink/build");
let stock: Ink;
let fast: Ink;

const withoutDevtools: Plugin = {
  name: "without-devtools",
  setup(context) {
    context.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: "empty" }));
    context.onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "export default {};", loader: "js" }));
  },
};

async function bundle(name: string, plugins: ReturnType<typeof inkFastRows>[]): Promise<Ink> {
  const entry = join(folder, `${name}-entry.mjs`);
  writeFileSync(
    entry,
    `export { default as Output } from ${JSON.stringify(join(ink, "output.js"))};
     export { default as lineUpdate } from ${JSON.stringify(join(ink, "line-update.js"))};
     export { default as measureText } from ${JSON.stringify(join(ink, "measure-text.js"))};
     export { Box, Text, render } from ${JSON.stringify(join(ink, "index.js"))};
     export { createElement } from "react";`,
  );
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    plugins: [withoutDevtools, ...plugins],
    nodePaths: [join(import.meta.dirname, "../../../node_modules")],
    define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
    banner: {
      js: 'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);',
    },
    logLevel: "silent",
  });
  return (await import(pathToFileURL(outfile).href)) as Ink;
}

beforeAll(async () => {
  [stock, fast] = await Promise.all([bundle("stock", []), bundle("fast", [inkFastRows()])]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A generator of the same numbers in every run (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const WORDS = ["web-1", "Running", " ", "   ", "0/1", "│", "──", "漢字", "é", "naïve", "⠿⡇", "…", "x", "‹›", "한"];
const STYLES = [
  ["\u001B[31m", "\u001B[39m"],
  ["\u001B[38;5;114m", "\u001B[39m"],
  ["\u001B[1m", "\u001B[22m"],
  ["\u001B[48;5;24m", "\u001B[49m"],
  ["\u001B[7m", "\u001B[27m"],
  ["\u001B[4m", "\u001B[24m"],
  ["\u001B[38;2;1;2;3m", "\u001B[39m"],
  ["\u001B[1m\u001B[32m", "\u001B[39m\u001B[22m"],
  // Left open on purpose: what a text must not do to what follows it.
  ["\u001B[35m", ""],
  ["\u001B[33m", "\u001B[0m"],
] as const;

function randomText(random: (below: number) => number): string {
  let text = "";
  for (let parts = 1 + random(4); parts > 0; parts -= 1) {
    const words = Array.from({ length: 1 + random(3) }, () => WORDS[random(WORDS.length)]).join("");
    const [open, close] = STYLES[random(STYLES.length)] ?? ["", ""];
    text += random(3) === 0 ? words : open + words + close;
  }
  return random(12) === 0 ? `${text}\n${text}` : text;
}

function draw(output: Output, seed: number): string {
  const random = randomFrom(seed);
  for (let writes = 4 + random(20); writes > 0; writes -= 1) {
    const clipped = random(5) === 0;
    if (clipped) {
      const bound = (limit: number): number | undefined => (random(4) === 0 ? undefined : random(limit));
      const [x1, y1] = [bound(20), bound(6)];
      output.clip({
        x1,
        x2: x1 === undefined ? undefined : x1 + random(30),
        y1,
        y2: y1 === undefined ? undefined : y1 + random(8),
      });
    }
    const transformers = random(10) === 0 ? [(line: string) => line.replaceAll("x", "X")] : [];
    output.write(random(50) - 4, random(14) - 2, randomText(random), { transformers });
    if (clipped) output.unclip();
  }
  return output.get().output;
}

const COLUMNS = 60;
const ROWS = 12;

/** The cells of screens, drawn one below the other on one tall terminal: a text for every screen. */
async function screens(frames: readonly string[], height = ROWS): Promise<string[]> {
  const placed = frames.map((frame, index) => `\u001B[0m\u001B[${index * height + 1};1H${frame}`).join("");
  const lines = await cells(placed, frames.length * height);
  return frames.map((_, index) => lines.slice(index * height, (index + 1) * height).join("\n"));
}

/** Every cell of a terminal: its character and how it looks. */
async function cells(written: string, rows = ROWS): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows, allowProposedApi: true, convertEol: true, scrollback: 0 });
  await new Promise<void>((resolve) => terminal.write(written, resolve));
  const buffer = terminal.buffer.active;
  const cell = buffer.getNullCell();
  const lines = Array.from({ length: rows }, (_, y) => {
    const line = buffer.getLine(buffer.baseY + y);
    let text = "";
    for (let x = 0; x < COLUMNS; x += 1) {
      if (line?.getCell(x, cell) === undefined) continue;
      const colours = `${cell.getFgColorMode()} ${cell.getFgColor()} ${cell.getBgColorMode()} ${cell.getBgColor()}`;
      const look = `${cell.isBold()} ${cell.isUnderline()} ${cell.isInverse()} ${cell.isDim()} ${cell.isItalic()}`;
      text += `${cell.getChars() || " "}${cell.getWidth()} ${colours} ${look}|`;
    }
    return text;
  });
  terminal.dispose();
  return lines;
}

test("Random layouts look the same, cell by cell, with and without the fast rows", async () => {
  const drawn = Array.from({ length: 200 }, (_, seed) => {
    const [plain = "", quick = ""] = [stock, fast].map(({ Output }) =>
      draw(new Output({ width: COLUMNS, height: ROWS }), seed),
    );
    return { seed, plain, quick };
  });
  const others = drawn.filter(({ plain, quick }) => plain !== quick);
  const [plain, quick] = [
    await screens(others.map((each) => each.plain)),
    await screens(others.map((each) => each.quick)),
  ];
  for (const [index, { seed }] of others.entries()) expect(quick[index], `layout of seed ${seed}`).toBe(plain[index]);
  // Redundant sequences may differ, but a comparison of nothing would prove nothing.
  expect(others.length).toBeGreaterThan(0);
  expect(others.length).toBeLessThan(drawn.length);
});

test("A line updated in place looks like the same line drawn anew", async () => {
  const random = randomFrom(7);
  const line = (): string => draw(new fast.Output({ width: 40, height: 1 }), 1 + random(3000)).split("\n")[0] ?? "";
  const rounds = Array.from({ length: 200 }, () => ({ before: line(), after: line() }));
  const updated = ({ lineUpdate }: Ink): Promise<string[]> =>
    screens(
      rounds.map(({ before, after }) => before + lineUpdate(before, after, COLUMNS)),
      2,
    );
  const [plain, quick] = [await updated(stock), await updated(fast)];
  for (const [index, { before, after }] of rounds.entries()) {
    expect(quick[index], `from ${JSON.stringify(before)} to ${JSON.stringify(after)}`).toBe(plain[index]);
  }
});

test("Texts are measured as by stock Ink", () => {
  const random = randomFrom(11);
  const texts = Array.from({ length: 0x3000 - 0x20 }, (_, index) => `a${String.fromCharCode(0x20 + index)}b`);
  for (let round = 0; round < 500; round += 1) {
    texts.push(random(20) === 0 ? "" : randomText(random) + (random(20) === 0 ? "\t\u0007" : ""));
  }
  const others = texts.filter((text) => {
    const [{ width, height }, measured] = [stock.measureText(text), fast.measureText(text)];
    return measured.width !== width || measured.height !== height;
  });
  expect(others).toEqual([]);
});

/** A screen of lines in columns and rows, as the seed has it: two of near seeds differ in a few places. */
function tree({ createElement, Box, Text }: Ink, seed: number): unknown {
  // What a screen is made of changes seldom, what its lines say often.
  const shape = randomFrom(Math.floor(seed / 6));
  const said = (line: number): string => {
    const own = randomFrom(Math.floor((seed + line) / 3) * 100 + line);
    return own(9) === 0 ? ["", " ", "\u001B[1m\u001B[22m", "a\tb", "x\u0007y\r\nz"][own(5)] || " " : randomText(own);
  };
  let count = 0;
  const line = (): unknown => {
    count += 1;
    const wrap = ["truncate", "truncate", "truncate", "truncate-middle", "wrap"][shape(5)];
    return createElement(Text, { key: count, wrap, ...(shape(8) === 0 ? { color: "red" } : {}) }, said(count));
  };
  const lines = (most: number): unknown[] => Array.from({ length: 1 + shape(most) }, line);
  const column = (key: string): unknown => {
    const props = { flexDirection: "column", flexShrink: shape(2), ...(shape(4) === 0 ? { display: "none" } : {}) };
    const width = shape(3) === 0 ? { width: 5 + shape(40) } : {};
    return createElement(Box, { key, ...props, ...width }, lines(4));
  };
  const row = createElement(Box, { key: "row", ...(shape(2) === 0 ? { borderStyle: "single" } : {}) }, lines(3));
  const over = { key: "over", position: "absolute", left: shape(30), top: shape(6), flexDirection: "column" };
  const parts = [
    column("first"),
    row,
    column("second"),
    ...(shape(2) === 0 ? [createElement(Box, over, lines(3))] : []),
  ];
  return createElement(Box, { flexDirection: "column", width: COLUMNS, height: ROWS, overflow: "hidden" }, parts);
}

/** A terminal that keeps what was written. */
class Written extends Writable {
  readonly columns = COLUMNS;
  readonly rows = ROWS;
  readonly isTTY = true;
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

test("Frames that follow each other look the same, cell by cell, with and without the fast rows", async () => {
  const opened = [stock, fast].map((ink) => {
    const stdout = new Written();
    const options = { incrementalRendering: true, interactive: true, maxFps: 1000, exitOnCtrlC: false };
    const stdin = new PassThrough();
    return { ink, stdout, instance: ink.render(tree(ink, 0), { stdout, stdin, ...options, patchConsole: false }) };
  });
  for (let seed = 1; seed <= 60; seed += 1) {
    const seen: string[][] = [];
    for (const { ink, stdout, instance } of opened) {
      instance.rerender(tree(ink, seed));
      await instance.waitUntilRenderFlush();
      seen.push(await cells(stdout.text));
    }
    expect(seen[1], `frame of seed ${seed}`).toEqual(seen[0]);
  }
  for (const { instance } of opened) instance.unmount();
});

test("Rows whose texts stand apart are copied as they stand, through transformers too", () => {
  // Stock Ink would write the two sequences as one: seeing both shows that no cell was taken apart.
  const text = "\u001B[31m\u001B[32mab\u001B[39m";
  const draw = ({ Output }: Ink): string => {
    const output = new Output({ width: 20, height: 1 });
    output.write(0, 0, text, { transformers: [(line) => line] });
    output.write(4, 0, "cd", { transformers: [] });
    return output.get().output;
  };
  expect(draw(stock)).not.toContain(text);
  expect(draw(fast)).toBe(`${text}  cd`);
});

test("A file of another version than the edits know is refused, an unknown one left alone", () => {
  expect(() => fastSource("/x/node_modules/ink/build/output.js", "changed")).toThrow(/not the version/);
  expect(fastSource("/x/node_modules/ink/build/styles.js", "anything")).toBeUndefined();
});
