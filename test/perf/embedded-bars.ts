import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiClient, endpointOf } from "../support/api-client.ts";
import { findKubectls } from "../support/kubectl.ts";
import { runKelpie } from "../support/program.ts";
import { median } from "./measure.ts";
import { memoryOfAll, processorMilliseconds, processTree } from "./process-tree.ts";

/**
 * `npm run bench -- embedded [seconds]`: the bars of docs/embedded.md, measured on the built program. `seconds` is how
 * long the idle processor time is looked at (default 60). Prints a table; never fails a build.
 */

const STORED_PODS = 5000;
const PODS = "/api/v1/namespaces/default/pods";
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (what: string, value: string, bar: string): void =>
  print(`${what.padEnd(52)}${value.padStart(20)}   ${bar}`);
const milliseconds = (value: number): string => `${value.toFixed(value < 20 ? 1 : 0)} ms`;
const wait = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

type Client = ReturnType<typeof apiClient>;
type Watch = Awaited<ReturnType<Client["watch"]>>;
type Env = Readonly<Record<string, string | undefined>>;

export async function benchEmbedded(idleSeconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kelpie-bench-"));
  const env: Env = { PATH: process.env["PATH"], HOME: folder, KELPIE_HOME: join(folder, "kelpie") };
  try {
    const starts: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await kelpie(env, "delete");
      starts.push(await timed(() => kelpie(env, "start")));
    }
    print(`the embedded cluster, ${process.version}\n`);
    row("kelpie cluster start to /readyz", milliseconds(median(starts)), "1 s");
    await kelpie(env, "stop");
    row("the same of a cluster that was stopped", milliseconds(await timed(() => kelpie(env, "start"))), "1 s");
    await measure(env, idleSeconds);
  } finally {
    await kelpie(env, "delete");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function kelpie(env: Env, command: string): Promise<string> {
  const { code, stdout, stderr } = await runKelpie(["cluster", command, "-o", "json"], env);
  if (code !== 0) throw new Error(`kelpie cluster ${command}: ${stderr}`);
  return stdout;
}

async function measure(env: Env, idleSeconds: number): Promise<void> {
  const { pid, kubeconfig } = JSON.parse(await kelpie(env, "start")) as { pid: number; kubeconfig: string };
  const client = apiClient(endpointOf(kubeconfig), { keepAlive: true });
  await until(async () => (await client.call("/api/v1/nodes")).body.items?.length === 1);
  await startPods(client, kubeconfig);
  await wait(2000);
  await idle(pid, idleSeconds, "no pods");
  await runMany(client, 10);
  await wait(2000);
  await idle(pid, idleSeconds, "10 pods");
  await removeAll(client);
  row("30 pods to Running", milliseconds(await runMany(client, 30)), "3 s");
  await removeAll(client);
  await store(client);
  await list(client);
  await deliver(client);
  memory(pid, `${STORED_PODS} pods stored`, "");
}

function pod(name: string, more: object = {}): object {
  const containers = [{ name: "main", image: "localhost/host", command: ["sleep", "1000000"] }];
  return { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers, ...more } };
}

async function startPods(client: Client, kubeconfig: string): Promise<void> {
  const byApi: number[] = [];
  const byKubectl: number[] = [];
  const watch = await client.watch(`${PODS}?watch=1`);
  for (let round = 0; round < 6; round += 1) {
    const name = `api-${round}`;
    const created = client.call(PODS, { method: "POST", body: pod(name) });
    byApi.push(await timed(() => running(watch, [name])));
    await created;
  }
  const kubectl = findKubectls()[0];
  for (let round = 0; round < 6; round += 1) {
    if (kubectl === undefined) break;
    const name = `kubectl-${round}`;
    const args = ["run", name, "--image=localhost/host", "--command", "--", "sleep", "1000000"];
    const ran = kubectl.run(kubeconfig, args);
    byKubectl.push(await timed(() => running(watch, [name])));
    await ran;
  }
  watch.stop();
  row("a pod to Running, from the API request", milliseconds(median(byApi)), "300 ms");
  // The first fills kubectl's cache of discovery.
  const later = byKubectl.slice(1);
  row("kubectl run to Running", later.length === 0 ? "no kubectl" : milliseconds(median(later)), "300 ms");
  await removeAll(client);
}

async function runMany(client: Client, count: number): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  const watch = await client.watch(`${PODS}?watch=1`);
  const time = await timed(async () => {
    const created = names.map((name) => client.call(PODS, { method: "POST", body: pod(name) }));
    await Promise.all([running(watch, names), ...created]);
  });
  watch.stop();
  return time;
}

async function running(watch: Watch, names: readonly string[]): Promise<void> {
  const missing = new Set(names);
  while (missing.size > 0) {
    const { object } = await watch.next();
    if (object.status?.phase === "Running") missing.delete(object.metadata.name);
  }
}

async function removeAll(client: Client): Promise<void> {
  await client.call(PODS, { method: "DELETE" });
  await until(async () => (await client.call(PODS)).body.items.length === 0);
}

async function idle(pid: number, seconds: number, what: string): Promise<void> {
  const all = processTree(pid);
  const before = all.map(processorMilliseconds);
  const started = performance.now();
  await wait(seconds * 1000);
  const used = all.map((each, index) => processorMilliseconds(each) - (before[index] ?? 0));
  const share = (used.reduce((sum, each) => sum + each, 0) / (performance.now() - started)) * 100;
  row(`idle, ${what}: processor, ${all.length} processes`, `${share.toFixed(2)} %`, "0.5 % of a core");
  memory(pid, `idle, ${what}`, "120 MB");
}

function memory(pid: number, what: string, bar: string): void {
  const { proportional, alone } = memoryOfAll(processTree(pid));
  row(`${what}: memory`, `${alone.toFixed(0)} MB (PSS ${proportional.toFixed(0)})`, bar);
}

async function store(client: Client): Promise<void> {
  const time = await timed(async () => {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < STORED_PODS) {
        next += 1;
        // No scheduler takes it: it is stored, and that is all.
        const body = pod(`stored-${next}`, { schedulerName: "none" });
        const { code } = await client.call(PODS, { method: "POST", body });
        if (code !== 201) throw new Error(`a pod was not stored: ${code}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  });
  row(`${STORED_PODS} pods created`, `${Math.round((STORED_PODS / time) * 1000)} /s`, "");
}

async function list(client: Client): Promise<void> {
  const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
  const whole: number[] = [];
  const tables: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    whole.push(await timed(() => client.call(PODS, { parse: false })));
    tables.push(await timed(() => client.call(PODS, { parse: false, headers: table })));
  }
  row(`list of ${STORED_PODS} pods`, milliseconds(median(whole)), "150 ms");
  row("the same as a Table", milliseconds(median(tables)), "150 ms");
}

async function deliver(client: Client): Promise<void> {
  const watch = await client.watch(`${PODS}?watch=1`);
  for (let seen = 0; seen < STORED_PODS; seen += 1) await watch.next();
  const times: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const body = { metadata: { annotations: { round: String(round) } } };
    const headers = { "content-type": "application/merge-patch+json" };
    const started = performance.now();
    const sent = client.call(`${PODS}/stored-17`, { method: "PATCH", headers, body });
    await watch.next();
    times.push(performance.now() - started);
    await sent;
    await wait(10);
  }
  watch.stop();
  row("a write to the event of another's watch", milliseconds(median(times)), "20 ms");
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(20);
}
