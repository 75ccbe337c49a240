import { enableCompileCache } from "node:module";

// Before anything else is loaded: compiled code is kept between runs. Everything else comes by dynamic import.
enableCompileCache();
const { run } = await import("./run.ts");
await run();
