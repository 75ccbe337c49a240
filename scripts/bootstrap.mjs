/**
 * What `npm start`, `npm test` and `npm run bench` run on any machine with Node 20 or newer: installs what is missing,
 * builds what is stale, then goes on under the Node that the `node` package brings. Plain JavaScript without
 * dependencies, because nothing is installed yet.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const [task, ...rest] = process.argv.slice(2);

function fail(message) {
  process.stderr.write(`kelpie: ${message}\n`);
  process.exit(1);
}

/** Runs a step whose output is shown only when it fails. */
function quietly(what, command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  fail(`${what} failed${result.error === undefined ? "" : `: ${result.error.message}`}`);
}

function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".kelpie-install");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stderr.write("kelpie: installing dependencies (once)…\n");
  const npm = process.env["npm_execpath"];
  const [command, ...args] = npm === undefined ? ["npm"] : [process.execPath, npm];
  quietly("installing dependencies", command, [...args, "ci", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, lock);
}

/** Node >= 24: this one, else the one of the `node` package. */
function modernNode() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const installed = join(root, "node_modules", "node", "bin", "node");
  if (existsSync(installed)) return installed;
  return fail(
    "Node.js >= 24 is missing: the `node` package was not installed. Allow its install script and try again.",
  );
}

/** A fingerprint of what the build reads: paths, sizes and modification times. */
function sourceFingerprint() {
  const hash = createHash("sha256");
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path}:${size}:${mtimeMs}\n`);
      }
    }
  };
  walk(join(root, "src"));
  walk(join(root, "scripts"));
  hash.update(readFileSync(join(root, "package-lock.json")));
  return hash.digest("hex");
}

function build(node) {
  const fingerprint = sourceFingerprint();
  const stamp = join(root, "dist", ".stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint) return;
  process.stderr.write("kelpie: building…\n");
  quietly("building", node, [join(root, "scripts", "build.ts")]);
  writeFileSync(stamp, fingerprint);
}

/** Runs to the end with this terminal, passing signals on, and ends with the same exit code. */
function become(node, args) {
  const child = spawn(node, args, { cwd: task === "start" ? process.cwd() : root, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches the child too, which decides.
  process.on("SIGINT", () => {});
  child.on("error", (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 143)));
}

install();
const node = modernNode();
build(node);
if (task === "start") become(node, [join(root, "dist", "kelpie.js"), ...rest]);
else if (task === "test" || task === "bench") become(node, [join(root, "scripts", `${task}.ts`), ...rest]);
else fail(`unknown task "${task}": start, test or bench`);
