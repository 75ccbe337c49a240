/**
 * A program: serves a cluster of one pod, writes its kubeconfig to `argv[2]`, prints `ready`, and obeys lines on stdin:
 * `rate N` writes N lines a second to the pod's log (0 stops, and prints how many were written in all); `fill N` gives the
 * pod a log of N lines, and prints `filled`. Ends with stdin.
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { startFakeApiServer } from "../support/fake-api-server.ts";

const BEAT_MILLISECONDS = 10;
const [, , kubeconfig = ""] = process.argv;
const server = await startFakeApiServer({ pods: 1, nodes: 1 });
writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
const [pod] = [...server.store.collection({ group: "", version: "v1", resource: "pods" }).values()];
if (pod === undefined) throw new Error("the fake cluster has no pod");
const { namespace = "", name = "" } = pod.object.metadata;
const container = `${namespace}/${name}/web`;

let timer: NodeJS.Timeout | undefined;
let written = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ""] = line.split(" ");
  if (command === "ready") process.stdout.write("ready\n");
  if (command === "fill") fill(Number(argument));
  if (command !== "rate") continue;
  clearInterval(timer);
  if (argument === "0") process.stdout.write(`written ${written}\n`);
  else start(Number(argument));
}
clearInterval(timer);
await server.close();

function fill(lines: number): void {
  const begun = Date.now() - lines;
  for (let line = 0; line < lines; line += 1) {
    const level = line % 100 === 0 ? "error" : "info";
    server.logs.append(
      container,
      new Date(begun + line).toISOString(),
      `{"level":"${level}","msg":"request served","n":${line}}`,
    );
  }
  process.stdout.write("filled\n");
}

function start(rate: number): void {
  const started = performance.now();
  const before = written;
  timer = setInterval(() => {
    const due = before + Math.floor(((performance.now() - started) * rate) / 1000);
    const time = new Date().toISOString().slice(0, -1);
    let text = "";
    for (; written < due; written += 1) {
      const level = written % 100 === 0 ? "error" : "info";
      text += `${time}${String(written % 1_000_000).padStart(6, "0")}Z {"level":"${level}","msg":"request served","n":${written}}\n`;
    }
    if (text !== "") server.logs.sendRaw(container, Buffer.from(text));
  }, BEAT_MILLISECONDS);
}
