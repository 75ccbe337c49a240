import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { staleFiles } from "../../scripts/gen.ts";
import { violations, type SourceFile } from "./rules.ts";

const root = join(import.meta.dirname, "../..");

function sources(): SourceFile[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path: `src/${path}`, text: readFileSync(join(root, "src", path), "utf8") }));
}

test("every source file keeps the rules of docs/architecture.md", () => {
  const found = violations(sources()).map(({ path, message }) => `${path}: ${message}`);
  expect(found).toEqual([]);
});

test("generated files are fresh", async () => {
  expect(await staleFiles()).toEqual([]);
});

const planted: ReadonlyArray<readonly [rule: string, path: string, text: string, message: RegExp]> = [
  ["a layer", "src/lib/x.ts", 'import { a } from "../cluster/cluster.ts";', /lib may not import cluster/],
  [
    "a layer by type import",
    "src/state/x.ts",
    'import type { A } from "../cluster/cluster.ts";',
    /state may not import/,
  ],
  ["a layer by dynamic import", "src/ui/x.tsx", 'await import("../cluster/cluster.ts");', /ui may not import cluster/],
  ["the door to embedded", "src/app/x.ts", 'import("../embedded/index.ts");', /app may not import embedded/],
  ["React in the core", "src/state/x.ts", 'import { useState } from "react";', /imports react/],
  [
    "client-node outside cluster",
    "src/views/x.ts",
    'import { KubeConfig } from "@kubernetes/client-node";',
    /imports @kub/,
  ],
  ["a name that says nothing", "src/lib/utils.ts", "", /says nothing/],
  ["kebab-case", "src/lib/MyFile.ts", "", /kebab-case/],
  ["timers", "src/cluster/x.ts", "setTimeout(() => {}, 5);", /a timer outside/],
  ["process.exit", "src/views/x.ts", "process.exit(1);", /process\.exit outside/],
  ["default exports", "src/lib/x.ts", "export default 1;", /default export/],
  ["file size", "src/lib/x.ts", "\n".repeat(600), /lines; split it/],
  ["unknown folders", "src/stuff/x.ts", "", /not a folder of the architecture/],
];

test.for(planted)("a planted violation of %s is caught", ([, path, text, message]) => {
  expect(violations([{ path, text }]).map((found) => found.message)).toContainEqual(expect.stringMatching(message));
});

test("the one door to embedded is open", () => {
  const door = 'const engine = await import("../../embedded/index.ts");';
  expect(violations([{ path: "src/cluster/providers/embedded.ts", text: door }])).toEqual([]);
});
