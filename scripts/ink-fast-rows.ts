/**
 * An esbuild plugin that makes a frame of Ink cheap. Stock Ink 8.0.0 takes every visible cell apart in every frame
 * (20 ms for 200x50); with these replacements a row whose texts do not overlap is put together from its strings (2-4 ms).
 * What is on the screen stays the same: test/unit/ui/ink-fast-rows.test.ts compares both on random layouts.
 *
 * A file is replaced only while it is the very file these edits were written for (SHA-256). After an update of Ink the
 * build warns and goes on without: slower, never wrong.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

interface Replacement {
  /** End of the file's path. */
  readonly file: string;
  readonly sha256: string;
  readonly edits: ReadonlyArray<readonly [from: string, to: string]>;
}

/** A map that forgets what was not used since it was half full. */
const GENERATIONS = `
class KelpieGenerations {
    constructor(limit) { this.limit = limit; this.young = new Map(); this.old = new Map(); }
    get(key) {
        const found = this.young.get(key);
        if (found !== undefined) return found;
        const kept = this.old.get(key);
        if (kept !== undefined) this.set(key, kept);
        return kept;
    }
    set(key, value) {
        if (this.young.size >= this.limit) { this.old = this.young; this.young = new Map(); }
        this.young.set(key, value);
    }
}
`;

const OUTPUT_HEAD = `${GENERATIONS}
const kelpieWidths = new KelpieGenerations(4096);
const kelpieBlockWidths = new KelpieGenerations(4096);
const kelpieStyledChars = new KelpieGenerations(256);
const kelpieTexts = new KelpieGenerations(4096);
const kelpieSgr = /\\u{1B}\\[([\\d;]*)m/gu;
// Anything that is not simply shown where it stands: controls, marks, joiners, surrogates that stand alone.
const kelpieUnsafe = /[\\p{Control}\\p{Mark}\\p{Default_Ignorable_Code_Point}\\p{Surrogate}\\u2028\\u2029]/u;
// Whether all styles a text opens are closed at its end, by the rules of @alcalzone/ansi-tokenize.
const kelpieIsClosed = (text) => {
    const open = new Set();
    for (const match of text.matchAll(kelpieSgr)) {
        const codes = match[1].split(';').map(Number);
        for (let index = 0; index < codes.length; index++) {
            const code = codes[index];
            if (code === 0) open.clear();
            else if (code === 1 || code === 2) open.add(22);
            else if (code === 3 || code === 4 || code === 7 || code === 8 || code === 9) open.add(code + 20);
            else if (code === 53) open.add(55);
            else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) open.add(39);
            else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) open.add(49);
            else if (code === 38 || code === 48) {
                if (codes[index + 1] !== 5 || !(codes[index + 2] >= 0 && codes[index + 2] <= 255)) return false;
                // One colour in one sequence of its own: how the tokeniser reads others is not for us to copy.
                if (codes.length !== 3) return false;
                open.add(code + 1);
                index += 2;
            }
            else if (code === 22 || code === 39 || code === 49 || code === 55 || (code >= 23 && code <= 29)) open.delete(code);
            else return false;
        }
    }
    return open.size === 0;
};
// Width of a text that may be copied to its row as it stands, or -1.
const kelpieSimpleWidth = (text) => {
    let width = kelpieTexts.get(text);
    if (width === undefined) {
        const bare = text.replaceAll(kelpieSgr, '');
        width = kelpieUnsafe.test(bare) || !kelpieIsClosed(text) ? -1 : stringWidth(bare);
        kelpieTexts.set(text, width);
    }
    return width;
};
`;

const OUTPUT_GET = `    get() {
        const { height } = this;
        // The writes of every row, or null where a row needs the cell by cell way.
        const rows = Array.from({ length: height }, () => []);
        const clips = [];
        const slow = [];
        for (const operation of this.operations) {
            if (operation.type === 'clip') {
                clips.push(intersectClips(clips.at(-1), operation.clip));
                continue;
            }
            if (operation.type === 'unclip') {
                clips.pop();
                continue;
            }
            const clip = clips.at(-1);
            slow.push({ operation, clip });
            if (clip && isClipEmpty(clip)) {
                continue;
            }
            const { x, y } = operation;
            let { text } = operation;
            let width = !Number.isInteger(x) || !Number.isInteger(y) || x < 0 ? -1 : kelpieSimpleWidth(text);
            // Every <Text> has a transformer; without colours of its own it changes nothing.
            if (width !== -1 && operation.transformers.length > 0) {
                for (const transformer of operation.transformers) {
                    text = transformer(text, 0);
                }
                width = kelpieSimpleWidth(text);
            }
            if (width === -1 || (clip && ((clip.x1 !== undefined && x < clip.x1) || (clip.x2 !== undefined && x + width > clip.x2) || (clip.x1 === undefined) !== (clip.x2 === undefined) || (clip.y1 === undefined) !== (clip.y2 === undefined)))) {
                const last = Math.ceil(y) + operation.text.split('\\n').length;
                for (let row = Math.max(0, Math.floor(y)); row < Math.min(height, last); row++) {
                    rows[row] = null;
                }
                continue;
            }
            if (y < 0 || y >= height || rows[y] === null || (clip && clip.y1 !== undefined && (y < clip.y1 || y >= clip.y2))) {
                continue;
            }
            const writes = rows[y];
            const before = writes.at(-1);
            if (before === undefined || before.end <= x) {
                writes.push({ x, end: x + width, text });
                continue;
            }
            const at = writes.findIndex(other => other.x >= x);
            const next = writes[at];
            if (next !== undefined && (at === 0 || writes[at - 1].end <= x) && next.x >= x + width && next.end > next.x) {
                writes.splice(at, 0, { x, end: x + width, text });
            }
            else {
                rows[y] = null;
            }
        }
        const output = [];
        let anySlow = false;
        for (let y = 0; y < height; y++) {
            if (rows[y] !== null) {
                output.push(undefined);
                continue;
            }
            anySlow = true;
            const row = [];
            for (let x = 0; x < this.width; x++) {
                row.push({
                    type: 'char',
                    value: ' ',
                    fullWidth: false,
                    styles: [],
                });
            }
            output.push(row);
        }
        if (anySlow) {
            for (const { operation, clip } of slow) {
                const { y, text } = operation;
                const last = Math.ceil(y) + (text.includes('\\n') ? text.split('\\n').length : 1);
                let touches = false;
                for (let row = Math.max(0, Math.floor(y)); row < Math.min(height, last); row++) {
                    touches ||= rows[row] === null;
                }
                if (touches) {
                    this.applyWriteOperation(output, operation, clip);
                }
            }
        }
        const generatedOutput = rows
            .map((writes, y) => {
            if (writes === null) {
                // See https://github.com/vadimdemedes/ink/pull/564#issuecomment-1637022742
                return styledCharsToString(output[y].filter(item => item !== undefined)).trimEnd();
            }
            let line = '';
            let column = 0;
            for (const write of writes) {
                if (write.x > column) {
                    line += ' '.repeat(write.x - column);
                }
                line += write.text;
                column = write.end;
            }
            return line.trimEnd();
        })
            .join('\\n');
        return {
            output: generatedOutput,
            height,
        };
    }
}
`;

/** The text of `get` in the file the edits were written for, to its end. */
function stockGet(source: string): string {
  const start = source.indexOf("    get() {\n        // Initialize output array");
  const end = source.indexOf("//# sourceMappingURL");
  return start === -1 || end === -1 ? "" : source.slice(start, end);
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    file: "/ink/build/output.js",
    sha256: "5e6c511c0a573f48cd5765d7f1f16583d2595f7b05775608382bdb990b63f225",
    edits: [
      ["class OutputCaches {", `${OUTPUT_HEAD}class OutputCaches {`],
      [
        "    widths = new Map();\n    blockWidths = new Map();\n    styledChars = new Map();",
        "    widths = kelpieWidths;\n    blockWidths = kelpieBlockWidths;\n    styledChars = kelpieStyledChars;",
      ],
      ["<get>", OUTPUT_GET],
    ],
  },
  {
    file: "/ink/build/line-update.js",
    sha256: "3101b3bbf790a845dc0268343f1d5d033ffa6468f2b8ea8947336c03d50d828f",
    edits: [
      [
        "const printableAscii = /^[ -~]*$/u;",
        "// One cell and one UTF-16 unit each: ASCII, Latin, dashes and quotes, ellipsis, arrows, box drawing, blocks, Braille.\nconst printableAscii = /^[ -~\\u00A1-\\u00AC\\u00AE-\\u02FF\\u2010-\\u2015\\u2018-\\u201F\\u2022\\u2026\\u2039\\u203A\\u2190-\\u2193\\u2500-\\u25A0\\u2713\\u2717\\u2800-\\u28FF]*$/u;",
      ],
    ],
  },
  {
    file: "/ink/build/sanitize-ansi.js",
    sha256: "d1f9783713dc610e01188ae37e339ce151abb922c4ea4e119deb55f90c50659e",
    edits: [
      ["const sanitizeAnsi = (text) => {", `${GENERATIONS}\nconst sanitizeAnsiAnew = (text) => {`],
      [
        "export default sanitizeAnsi;",
        `const sanitized = new KelpieGenerations(4096);
const sanitizeAnsi = (text) => {
    let result = sanitized.get(text);
    if (result === undefined) {
        result = sanitizeAnsiAnew(text);
        sanitized.set(text, result);
    }
    return result;
};
export default sanitizeAnsi;`,
      ],
    ],
  },
  {
    file: "/ink/build/render-node-to-output.js",
    sha256: "de6aebe3d2224648cf2ec899f8897cb6436f76b49d986644a06e53b234d9cb0c",
    edits: [
      [
        "const currentWidth = widestLine(text);",
        "let currentWidth = kelpieWidest.get(text);\n            if (currentWidth === undefined) {\n                currentWidth = widestLine(text);\n                kelpieWidest.set(text, currentWidth);\n            }",
      ],
      [
        "const applyPaddingToText = ",
        `${GENERATIONS}\nconst kelpieWidest = new KelpieGenerations(4096);\nconst applyPaddingToText = `,
      ],
    ],
  },
  {
    file: "/yoga-layout/dist/src/index.js",
    sha256: "0c89ff0c01ee90b081b369119f972d72f71eb8882263d94ef0824500817d5de1",
    edits: [
      [
        "const Yoga = wrapAssembly(await loadYoga());",
        `// With fetch in sight its loader would fetch a data: URL, which loads the whole of undici (50 ms); without, it decodes.
const kelpieFetch = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
if (kelpieFetch?.configurable) delete globalThis.fetch;
const kelpieLoading = loadYoga();
if (kelpieFetch?.configurable) Object.defineProperty(globalThis, 'fetch', kelpieFetch);
const Yoga = wrapAssembly(await kelpieLoading);`,
      ],
    ],
  },
];

/**
 * The source of a file of Ink with its fast way, `undefined` for a file that has none.
 * @throws Error where the file is another version than the edits were written for
 */
export function fastSource(path: string, source: string): string | undefined {
  const replacement = REPLACEMENTS.find(({ file }) => path.replaceAll("\\", "/").endsWith(file));
  if (replacement === undefined) return undefined;
  const sha256 = createHash("sha256").update(source).digest("hex");
  if (sha256 !== replacement.sha256) throw new Error(`${replacement.file} is not the version the fast rows know`);
  let result = source;
  for (const [from, to] of replacement.edits) {
    const what = from === "<get>" ? stockGet(source) : from;
    if (what === "" || !result.includes(what)) throw new Error(`${replacement.file} does not hold what is replaced`);
    // A function, so that `$` in the text means nothing.
    result = result.replace(what, () => to);
  }
  return result;
}

/** Replaces what it knows; warns and leaves the rest as it is. */
export function inkFastRows(): Plugin {
  return {
    name: "ink-fast-rows",
    setup(context) {
      context.onLoad({ filter: /[\\/](?:ink[\\/]build|yoga-layout[\\/]dist[\\/]src)[\\/][\w-]+\.js$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        try {
          const contents = fastSource(path, source);
          return contents === undefined ? undefined : { contents, loader: "js" };
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          return { contents: source, loader: "js", warnings: [{ text: `${text}: frames will be slower` }] };
        }
      });
    },
  };
}
