import { readFile } from "node:fs/promises";
import { errorCode, errorMessage, KelpieError, UsageError } from "../lib/errors.ts";
import { defaultSettings } from "./default-settings.gen.ts";
import type { Settings } from "./settings-schema.ts";

/** Settings and where they came from. */
export interface LoadedSettings {
  readonly settings: Settings;
  /** `undefined` where there is no file: all values are defaults. */
  readonly file: string | undefined;
  /** Dotted paths that the file sets. */
  readonly set: ReadonlySet<string>;
}

/**
 * Reads `config.yaml`. No file is no fault.
 * @throws UsageError with file, line and the fault of the first wrong setting
 */
export async function loadSettings(file: string): Promise<LoadedSettings> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { settings: defaultSettings, file: undefined, set: new Set() };
    throw new KelpieError(`cannot read the settings ${file}: ${errorMessage(error)}`, { cause: error });
  }
  const [{ LineCounter, parseDocument }, { settingsSchema }] = await Promise.all([
    import("yaml"),
    import("./settings-schema.ts"),
  ]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new UsageError(`${file}:${lines.linePos(fault.pos[0]).line}: ${errorMessage(fault)}`);
  }
  const value: unknown = document.toJS() ?? {};
  const parsed = settingsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map(String);
    const named = issue?.code === "unrecognized_keys" ? [...path, issue.keys[0] ?? ""] : path;
    const line = lineOf(document, named, lines);
    const what = issue?.code === "unrecognized_keys" ? "unknown setting" : (issue?.message ?? "invalid");
    throw new UsageError(`${file}:${line}: ${named.join(".") || "settings"}: ${what}`, {
      hint: "`kelpie config explain` lists every setting.",
    });
  }
  return { settings: parsed.data, file, set: pathsOf(value) };
}

type Located = { readonly range?: readonly [number, number, number] | null | undefined };

function lineOf(
  document: { getIn(path: readonly unknown[], keepScalar: true): unknown; readonly contents: unknown },
  path: readonly string[],
  lines: { linePos(offset: number): { readonly line: number } },
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isLocated(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function isLocated(node: unknown): node is Located {
  return typeof node === "object" && node !== null && "range" in node;
}

function pathsOf(value: unknown, prefix = ""): Set<string> {
  const paths = new Set<string>();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return paths;
  for (const [key, inner] of Object.entries(value)) {
    paths.add(prefix + key);
    for (const path of pathsOf(inner, `${prefix}${key}.`)) paths.add(path);
  }
  return paths;
}
