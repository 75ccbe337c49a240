import { rename, rm, writeFile } from "node:fs/promises";

/** Writes a file that its owner alone may read; it is there whole or not at all. @throws what the file system says */
export async function saveFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    await writeFile(unfinished, text, { mode: 0o600 });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
