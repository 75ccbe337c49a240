import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Files that are not bundled. Beside this file in the sources and beside the bundle in `dist`, under the same names,
 * so one relative URL serves both.
 */
export function assetPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A program of its own: `<name>.js` when built, `<name>.ts` (run by Node's type stripping) from the sources. */
export function programPath(name: string): string {
  const built = assetPath(`./${name}.js`);
  return existsSync(built) ? built : assetPath(`./${name}.ts`);
}
