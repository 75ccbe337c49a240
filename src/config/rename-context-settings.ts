import { readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { errorCode, errorMessage, KelpieError } from "../lib/errors.ts";
import { at } from "../lib/kube/object.ts";
import { EditableYaml } from "../lib/yaml.ts";

/**
 * Gives the settings of a context another name in `config.yaml`, where there are any and none under the new name.
 * @returns whether there were
 * @throws KelpieError
 */
export async function renameContextSettings(file: string, from: string, to: string): Promise<boolean> {
  try {
    const path = await realpath(file);
    const document = new EditableYaml(await readFile(path, "utf8"), file);
    if (at(document.value, "contexts", from) === undefined || at(document.value, "contexts", to) !== undefined) {
      return false;
    }
    document.renameKey(["contexts", from], to);
    const { mode } = await stat(path);
    await writeFile(`${path}.new`, document.toString(), { mode: mode & 0o777 });
    await rename(`${path}.new`, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw new KelpieError(`${file} still has the settings under the name ${from}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
