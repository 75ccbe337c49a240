import { loadSettings } from "../../config/load-settings.ts";
import { resolvePaths } from "../../config/paths.ts";
import { UsageError } from "../../lib/errors.ts";
import { type Output, textTable } from "./output.ts";

/** `kelpie config explain`: each setting, its value and where it came from. */
export async function config(argv: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  if (argv.length !== 1 || argv[0] !== "explain") {
    throw new UsageError("expected `kelpie config explain`");
  }
  const { configFile } = resolvePaths(env);
  const [{ settings, set }, { describeSettings }] = await Promise.all([
    loadSettings(configFile),
    import("../../config/settings-schema.ts"),
  ]);
  const rows = describeSettings().map(({ path, description }) => [
    path,
    JSON.stringify(valueAt(settings, path)),
    set.has(path) ? configFile : "default",
    description,
  ]);
  output.out(textTable(["SETTING", "VALUE", "FROM", "MEANING"], rows));
  return 0;
}

function valueAt(settings: unknown, path: string): unknown {
  let here = settings;
  for (const step of path.split(".")) {
    here = typeof here === "object" && here !== null ? Reflect.get(here, step) : undefined;
  }
  return here;
}
