/**
 * A program: serves a generated cluster of `argv[2]` pods, writes its kubeconfig to `argv[3]`, prints `ready`, and obeys
 * lines on stdin: `rate N` changes N pods a second (0 stops). Ends with stdin.
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { asRecord } from "../../src/lib/kube/object.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";

const [, , count = "10000", kubeconfig = ""] = process.argv;
const server = await startFakeApiServer({ pods: Number(count), nodes: 20 });
writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });

const pods = [...server.store.collection({ group: "", version: "v1", resource: "pods" }).values()]
  .slice(0, 40)
  .map((stored) => stored.object);
let timer: NodeJS.Timeout | undefined;
let next = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ""] = line.split(" ");
  if (command === "ready") process.stdout.write("ready\n");
  if (command === "rate") {
    clearInterval(timer);
    if (Number(argument) > 0) timer = setInterval(changeOne, 1000 / Number(argument));
  }
}
clearInterval(timer);
await server.close();

/** Changes one of the first 40 pods, in turn: visible rows. */
function changeOne(): void {
  const pod = pods[next % pods.length];
  next += 1;
  if (pod === undefined) return;
  const phase = next % 80 < 40 ? "Running" : "Unknown";
  server.push({ ...pod, status: { ...asRecord(pod["status"]), phase } });
}
