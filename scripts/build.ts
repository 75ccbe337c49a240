/**
 * Bundles the programs into `dist`: the UI and command line (`kelpie.js`, client-node in a lazy chunk), the embedded
 * cluster's daemon and its helper inside the node sandbox. Files that are read at run time are copied beside them.
 */
import { build, type BuildOptions, type Plugin } from "esbuild";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inkFastRows } from "./ink-fast-rows.ts";
import { thirdPartyLicenses } from "./third-party-licenses.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Ink asks for it only with DEV=true; without this the bundle would carry a browser's developer tools. */
const withoutDevtools: Plugin = {
  name: "without-devtools",
  setup(context) {
    context.onResolve({ filter: /^react-devtools-core$/ }, (found) => ({ path: found.path, namespace: "empty" }));
    context.onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "export default {};", loader: "js" }));
  },
};

const common: BuildOptions = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // Chunks lie flat in dist, so that `import.meta.url` of any of them finds the copied files (embedded/assets.ts).
  chunkNames: "[name]-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  // The licences of all that is bundled are written beside the bundle.
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  external: ["@lydell/node-pty"],
  define: {
    "process.env.NODE_ENV": '"production"',
    "process.env.DEV": '"false"',
  },
  banner: {
    js: 'import { createRequire as createKelpieRequire } from "node:module"; const require = createKelpieRequire(import.meta.url);',
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const built = await Promise.all([
  build({
    ...common,
    entryPoints: { kelpie: "src/app/main.ts" },
    splitting: true,
    plugins: [withoutDevtools, inkFastRows()],
  }),
  // One file each: they outlive an upgrade of kelpie, after which a chunk they have not loaded yet would be gone.
  build({ ...common, entryPoints: { daemon: "src/embedded/daemon.ts", netd: "src/embedded/netd.ts" } }),
]);
const inputs = built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(root, inputs));
cpSync(join(root, "src/embedded/schema/data"), join(dist, "schema/data"), { recursive: true });
const program = join(dist, "kelpie.js");
writeFileSync(program, `#!/usr/bin/env node\n${readFileSync(program, "utf8")}`, { mode: 0o755 });
