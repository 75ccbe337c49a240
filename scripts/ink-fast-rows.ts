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
import { INK_TEXTS } from "./ink-texts.ts";

interface Replacement {
  /** End of the file's path. */
  readonly file: string;
  readonly sha256: string;
  readonly edits: ReadonlyArray<readonly [from: string, to: string]>;
}

const OUTPUT_HEAD = `import { KelpieGenerations, kelpieText } from 'kelpie-ink-texts';
const kelpieWidths = new KelpieGenerations(4096);
const kelpieBlockWidths = new KelpieGenerations(4096);
const kelpieStyledChars = new KelpieGenerations(256);
// Width of a text that may be copied to its row as it stands, or -1.
const kelpieSimpleWidth = (text) => {
    const { width, closed } = kelpieText(text);
    return closed ? width : -1;
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
                // Styles around styles: where the inner ones end the outer ones go on.
                if (text !== operation.text) width = operation.text.includes('\\u{1B}') ? -1 : kelpieSimpleWidth(text);
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
        "import { kelpieOneCell } from 'kelpie-ink-texts';\nconst printableAscii = kelpieOneCell;",
      ],
    ],
  },
  {
    file: "/ink/build/sanitize-ansi.js",
    sha256: "d1f9783713dc610e01188ae37e339ce151abb922c4ea4e119deb55f90c50659e",
    edits: [
      [
        "const sanitizeAnsi = (text) => {",
        "import { KelpieGenerations } from 'kelpie-ink-texts';\nconst sanitizeAnsiAnew = (text) => {",
      ],
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
    file: "/ink/build/squash-text-nodes.js",
    sha256: "a66185343ca591a7618b5300289a910753c2c8d0299c0e8b5945240263ed69c6",
    edits: [
      [
        "const squashTextNodes = (node) => {",
        `import { kelpieText } from 'kelpie-ink-texts';
// A text node with one string keeps what came of it; a simple string comes out as it is.
const squashTextNodes = (node) => {
    const [first] = node.childNodes;
    if (node.childNodes.length !== 1 || first.nodeName !== '#text') return squashAnew(node);
    if (node.kelpieString !== first.nodeValue) {
        node.kelpieSquashed = kelpieText(first.nodeValue).width === -1 ? squashAnew(node) : first.nodeValue;
        node.kelpieString = first.nodeValue;
    }
    return node.kelpieSquashed;
};
const squashAnew = (node) => {`,
      ],
    ],
  },
  {
    file: "/ink/build/measure-text.js",
    sha256: "f646e9d5f3c4ec847694f28355c4c5e32772f0150eeb0e05217a53e544548c71",
    edits: [
      [
        "const width = widestLine(text);\n    const height = text.split('\\n').length;",
        `const simple = kelpieText(text).width;
    const width = simple === -1 ? widestLine(text) : simple;
    const height = simple === -1 ? text.split('\\n').length : 1;`,
      ],
      ["const measureText = ", "import { kelpieText } from 'kelpie-ink-texts';\nconst measureText = "],
    ],
  },
  {
    file: "/ink/build/dom.js",
    sha256: "01694f6ec044c811ee13743c2bff8d22079c79e7b08982780d31916d7e3088a7",
    edits: [
      [
        "const measureTextNode = function (node, width, widthMode) {",
        `import { kelpieText } from 'kelpie-ink-texts';
// Where Yoga asked with an exact width only, as it does for the lines of a column, it takes of the answers nothing but
// the height: another string of one line that is cut where it is too long leaves the layout as it is.
const kelpieLeavesLayout = (node, before, after) => {
    const text = node.parentNode;
    return text?.nodeName === 'ink-text' && text.kelpieExact === true && text.childNodes.length === 1 &&
        text.style.textWrap?.startsWith('truncate') && kelpieText(before).width > 0 && kelpieText(after).width > 0;
};
const measureTextNode = function (node, width, widthMode) {
    node.kelpieExact = widthMode === Yoga.MEASURE_MODE_EXACTLY && node.kelpieExact !== false;`,
      ],
      [
        "    node.nodeValue = text;\n    markNodeAsDirty(node);",
        "    const before = node.nodeValue;\n    node.nodeValue = text;\n    if (!kelpieLeavesLayout(node, before, text)) markNodeAsDirty(node);",
      ],
    ],
  },
  {
    file: "/ink/build/render-node-to-output.js",
    sha256: "de6aebe3d2224648cf2ec899f8897cb6436f76b49d986644a06e53b234d9cb0c",
    edits: [
      [
        `    if (!yogaNode || yogaNode.getDisplay() === Yoga.DISPLAY_NONE) {
        return;
    }
    // Left`,
        `    const placed = yogaNode && kelpiePlaceOf(node);
    if (!placed || placed.isHidden) {
        return;
    }
    // Left`,
      ],
      ["const x = offsetX + yogaNode.getComputedLeft();", "const x = offsetX + placed.left;"],
      ["const y = offsetY + yogaNode.getComputedTop();", "const y = offsetY + placed.top;"],
      [
        "const currentWidth = widestLine(text);",
        `let currentWidth = kelpieText(text).width;
            if (currentWidth === -1) currentWidth = kelpieWidest.get(text);
            if (currentWidth === undefined) {
                currentWidth = widestLine(text);
                kelpieWidest.set(text, currentWidth);
            }`,
      ],
      ["const maxWidth = getMaxWidth(yogaNode);", "const maxWidth = (placed.maxWidth ??= getMaxWidth(yogaNode));"],
      [
        "const applyPaddingToText = ",
        `import { KelpieGenerations, kelpieLayout, kelpieText } from 'kelpie-ink-texts';
const kelpieWidest = new KelpieGenerations(4096);
// Where the last layout put a node: asking Yoga costs more than all else that a line on screen does.
const kelpiePlaceOf = (node) => {
    const { epoch } = kelpieLayout;
    if (epoch !== 0 && node.kelpiePlaced?.epoch === epoch) return node.kelpiePlaced;
    const { yogaNode } = node;
    node.kelpiePlaced = {
        epoch,
        isHidden: yogaNode.getDisplay() === Yoga.DISPLAY_NONE,
        left: yogaNode.getComputedLeft(),
        top: yogaNode.getComputedTop(),
        maxWidth: undefined,
    };
    return node.kelpiePlaced;
};
const applyPaddingToText = `,
      ],
    ],
  },
  {
    file: "/ink/build/ink.js",
    sha256: "54975ccb060dbc0f155990fe210a62eb00fa648cc89e60e68cb271395feb456a",
    edits: [
      ["export default class Ink {", "import { kelpieLayout } from 'kelpie-ink-texts';\nexport default class Ink {"],
      [
        "        yogaNode.calculateLayout(undefined, undefined, Yoga.DIRECTION_LTR);",
        `        if (!yogaNode.isDirty()) return;
        kelpieLayout.epoch += 1;
        yogaNode.calculateLayout(undefined, undefined, Yoga.DIRECTION_LTR);`,
      ],
      [
        `                if (shouldSync && shouldWrite) {
                    this.options.stdout.write(bsu);
                }
                this.log(output);
                if (shouldSync && shouldWrite) {
                    this.options.stdout.write(esu);
                }`,
        `                // The three are one write.
                this.options.stdout.cork?.();
                try {
                    if (shouldSync && shouldWrite) {
                        this.options.stdout.write(bsu);
                    }
                    this.log(output);
                    if (shouldSync && shouldWrite) {
                        this.options.stdout.write(esu);
                    }
                }
                finally {
                    this.options.stdout.uncork?.();
                }`,
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
      context.onResolve({ filter: /^kelpie-ink-texts$/ }, ({ path, resolveDir }) => {
        return { path, namespace: "ink-texts", pluginData: resolveDir };
      });
      context.onLoad({ filter: /.*/, namespace: "ink-texts" }, ({ pluginData }) => {
        return { contents: INK_TEXTS, loader: "js", resolveDir: String(pluginData) };
      });
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
