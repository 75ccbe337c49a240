import { dirname, join, normalize } from "node:path";

/** A source file as the rules see it: path from the project's root, text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Which folders of `src` a folder may import (docs/architecture.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  config: ["lib"],
  resources: ["lib"],
  embedded: ["lib"],
  state: ["lib", "config", "resources"],
  cluster: ["lib", "config"],
  hotkeys: ["lib", "config", "resources"],
  ui: ["lib", "config"],
  views: ["lib", "config", "resources", "state", "cluster", "hotkeys", "ui"],
  app: ["lib", "config", "resources", "state", "cluster", "hotkeys", "ui", "views"],
};

/** The one door to the embedded cluster. */
const EMBEDDED_DOOR = { from: "src/cluster/providers/embedded.ts", to: "src/embedded/index.ts" };

/** Packages and the folders that may import them. */
const PACKAGE_HOMES: ReadonlyArray<readonly [name: string, folders: readonly string[]]> = [
  ["react", ["ui", "views", "app"]],
  ["ink", ["ui", "views", "app"]],
  ["@kubernetes/client-node", ["cluster"]],
  ["node:sqlite", ["embedded"]],
];

const FORBIDDEN_NAMES = new Set(["utils", "helpers", "types", "common", "misc"]);
const MAX_LINES = 500;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g;

function importsOf(file: SourceFile): string[] {
  return [...file.text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

const folderOf = (path: string): string => path.split("/")[1] ?? "";

function importViolations(file: SourceFile): string[] {
  const from = folderOf(file.path);
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return [`src/${from} is not a folder of the architecture`];
  return importsOf(file).flatMap((specifier) => {
    if (!specifier.startsWith(".")) {
      const home = PACKAGE_HOMES.find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
      return home === undefined || home[1].includes(from)
        ? []
        : [`imports ${specifier}, which only ${home[1].join(", ")} may`];
    }
    const target = normalize(join(dirname(file.path), specifier));
    if (!target.startsWith("src/")) return target === "package.json" ? [] : [`imports ${target}, outside src`];
    const to = folderOf(target);
    if (to === from || allowed.includes(to)) return [];
    if (to === "embedded" && file.path === EMBEDDED_DOOR.from && target === EMBEDDED_DOOR.to) return [];
    return [`imports ${target}: ${from} may not import ${to}`];
  });
}

function fileViolations(file: SourceFile): string[] {
  const found: string[] = [];
  const name = file.path.split("/").at(-1) ?? "";
  const stem = name.replace(/(\.gen)?\.tsx?$/, "");
  const lines = file.text.split("\n").length;
  const generated = name.includes(".gen.");
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)) found.push("its name is not kebab-case");
  if (FORBIDDEN_NAMES.has(stem)) found.push(`a file named ${stem} says nothing: name it for what it exports`);
  if (!generated && lines > MAX_LINES) found.push(`${lines} lines; split it (at most ${MAX_LINES})`);
  if (!generated && /^export default /m.test(file.text)) found.push("default export");
  if (!generated && stem !== "index" && /^export \* from/m.test(file.text)) found.push("a barrel");
  if (/\bprocess\.exit\(/.test(file.text) && folderOf(file.path) !== "app" && !isProgram(file.path)) {
    found.push("process.exit outside src/app");
  }
  if (/\b(?:setTimeout|setInterval|setImmediate)\(/.test(file.text) && file.path !== "src/lib/clock.ts") {
    found.push("a timer outside src/lib/clock.ts: take a Clock");
  }
  if (/\.\.\/shared\//.test(file.text)) found.push("names ../shared");
  return found;
}

/** Programs of their own process end it themselves. */
function isProgram(path: string): boolean {
  return path === "src/embedded/daemon.ts" || path === "src/embedded/netd.ts";
}

/** Everything that breaks a rule of docs/architecture.md. */
export function violations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    [...importViolations(file), ...fileViolations(file)].map((message) => ({ path: file.path, message })),
  );
}
