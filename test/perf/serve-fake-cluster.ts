/**
 * A program: serves a generated cluster of `argv[2]` pods, writes its kubeconfig to `argv[3]`, and obeys lines on stdin,
 * answering each with `ok`: `rate N` changes N pods a second (0 stops), `phase P` gives the first pod that phase. Ends
 * with stdin.
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
  if (command === "phase") change(0, argument);
  if (command === "rate") {
    clearInterval(timer);
    if (Number(argument) > 0) timer = setInterval(changeNext, 1000 / Number(argument));
  }
  process.stdout.write("ok\n");
}
clearInterval(timer);
await server.close();

/** Changes one of the first 40 pods, in turn: visible rows. */
function changeNext(): void {
  next += 1;
  change(next % pods.length, next % 80 < 40 ? "Running" : "Unknown");
}

function change(index: number, phase: string): void {
  const pod = pods[index];
  if (pod !== undefined) server.push({ ...pod, status: { ...asRecord(pod["status"]), phase } });
}
