import { readFile } from "node:fs/promises";
import { errorCode, errorMessage, fileFault, UsageError } from "../lib/errors.ts";
import { defaultSettings } from "./default-settings.gen.ts";
import type { Settings } from "./settings-schema.ts";

/** Settings and where they came from. */
export interface LoadedSettings {
  readonly settings: Settings;
  /** `undefined` where there is no file: all values are defaults. */
  readonly file: string | undefined;
  /** Dotted paths that the file sets. */
  readonly set: ReadonlySet<string>;
  /** `<file>:<line>` of a setting of the file, for what is known to be wrong with it elsewhere only. */
  placeOf(path: readonly string[]): string;
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
    if (errorCode(error) === "ENOENT")
      return { settings: defaultSettings, file: undefined, set: new Set(), placeOf: () => "settings" };
    throw new UsageError(`cannot read the settings ${file}: ${fileFault(error)}`, { cause: error });
  }
  const [{ parseLocatedYaml }, { settingsSchema }] = await Promise.all([
    import("../lib/yaml.ts"),
    import("./settings-schema.ts"),
  ]);
  const document = locate(() => parseLocatedYaml(text, file));
  const value = document.value ?? {};
  const parsed = settingsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map(String);
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const named = unknown === undefined ? path : [...path, unknown];
    const what = unknown === undefined ? (issue?.message ?? "invalid") : "unknown setting";
    throw new UsageError(`${file}:${document.lineOf(named)}: ${named.join(".") || "settings"}: ${what}`, {
      hint: "`kelpie config explain` lists every setting.",
    });
  }
  const placeOf = (path: readonly string[]): string => `${file}:${document.lineOf(path)}`;
  return { settings: parsed.data, file, set: pathsOf(value), placeOf };
}

/** YAML that cannot be read is wrong use, as a wrong setting is. */
function locate<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(errorMessage(error), { cause: error });
  }
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
