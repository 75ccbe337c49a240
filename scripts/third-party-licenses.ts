import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The licences of every package whose code is in a bundle: what their authors ask for in return.
 * @param inputs paths of the bundled files below `root`, as esbuild's metafile names them
 */
export function thirdPartyLicenses(root: string, inputs: Iterable<string>): string {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders]
    .toSorted()
    .map((folder) => notice(join(root, folder)))
    .join("\n");
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function notice(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    : [];
  const texts = files.map((name) => readFileSync(join(folder, name), "utf8").trim());
  const title = `${manifest.name} ${manifest.version} (${manifest.license ?? "see below"})`;
  return `${title}\n${"=".repeat(title.length)}\n\n${texts.join("\n\n")}\n`;
}
