import nodeModule from "node:module";

const OLDEST_NODE = 24;

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
  // Before anything is loaded that an older Node.js cannot even read.
  process.stderr.write(`kelpie: Node.js ${OLDEST_NODE} or newer is needed; this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  // Before anything else is loaded: compiled code is kept between runs. Everything else comes by dynamic import.
  nodeModule.enableCompileCache();
  const { run } = await import("./run.ts");
  await run();
}
