import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { chooseRuntime } from "../../../src/embedded/runtimes/ladder.ts";
import type { ContainerSpec, ContainerState } from "../../../src/embedded/runtimes/runtime.ts";
import { delay, systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";

/**
 * What control groups of version 2 do to containers: run alone in a group of its own, as root or as a user to whom that
 * group was delegated (boot-machine.sh). Prints `PASS <uid>`, or ends with what was wrong.
 */
const MEGABYTE = 2 ** 20;
const directory = mkdtempSync(join(tmpdir(), "kelpie-limits-"));
const options = { directory, logger: silentLogger, clock: systemClock, prefer: "namespaces" } as const;

function containerSpec(id: string, script: string, resources: ContainerSpec["resources"]): ContainerSpec {
  return {
    id,
    sandboxId: "pod",
    name: id,
    attempt: 0,
    image: "localhost/host",
    command: ["sh", "-c", script],
    env: [],
    workingDir: "/",
    mounts: [],
    tty: false,
    stdin: false,
    readOnlyRootFilesystem: false,
    capabilities: { add: [], drop: [] },
    privileged: false,
    resources,
    logPath: join(directory, "pods", "logs", `${id}.log`),
  };
}

async function open() {
  const { runtime, tried } = await chooseRuntime(options);
  await runtime.start();
  const probe = tried[0]?.probe;
  assert(probe?.ok === true);
  assert.equal(probe.features.limits, "enforced", JSON.stringify(probe.limitations));
  return runtime;
}

type Runtime = Awaited<ReturnType<typeof open>>;

async function untilExited(runtime: Runtime, id: string): Promise<ContainerState> {
  for (;;) {
    const state = (await runtime.list()).containers.find((container) => container.id === id);
    if (state?.state === "exited" || state?.state === "unknown") return state;
    await delay(systemClock, 50);
  }
}

async function run(runtime: Runtime, id: string, script: string, resources: ContainerSpec["resources"] = {}) {
  await runtime.create(containerSpec(id, script, resources));
  return runtime.startContainer(id);
}

/** The group that a process is in, as a directory. */
function groupOf(pid: number | undefined): string {
  const path = readFileSync(`/proc/${String(pid)}/cgroup`, "utf8")
    .trim()
    .replace(/^0::/, "");
  return join("/sys/fs/cgroup", path);
}

async function main(): Promise<void> {
  let runtime = await open();
  await runtime.createSandbox({
    id: "pod",
    namespace: "default",
    podName: "pod",
    hostname: "pod",
    hostNetwork: false,
    dns: { nameservers: [], searches: [], options: [] },
    hostAliases: [],
    limits: {},
  });

  const limits = { memoryLimit: 24 * MEGABYTE, cpuLimit: 0.2, cpuRequest: 0.5 };
  const { pid } = await run(runtime, "busy", "while :; do :; done", limits);
  const group = groupOf(pid);
  const read = (name: string): string => readFileSync(join(group, name), "utf8").trim();
  assert.equal(read("memory.max"), String(24 * MEGABYTE));
  assert.equal(read("memory.oom.group"), "1");
  assert.equal(read("cpu.max"), "20000 100000");
  assert.equal(read("cpu.weight"), "50");

  const before = await runtime.stats("busy");
  await delay(systemClock, 4000);
  const after = await runtime.stats("busy");
  assert(before !== undefined && after !== undefined);
  const cores = Number(after.cpuNanos - before.cpuNanos) / 1e6 / (after.at - before.at);
  assert(cores > 0.14 && cores < 0.26, `a limit of 0.2 cores let it use ${cores}`);
  assert(after.workingSetBytes > 0 && after.workingSetBytes < 24 * MEGABYTE, String(after.workingSetBytes));

  const session = await runtime.exec("busy", { command: ["cat", "/proc/self/cgroup"], tty: false, stdin: false });
  const said = await text(session.stdout);
  assert.equal(await session.exited, 0);
  assert(said.includes("/busy"), `a command in the container is in ${said}`);

  await run(runtime, "greedy", "exec tail /dev/zero", { memoryLimit: 24 * MEGABYTE });
  const killed = await untilExited(runtime, "greedy");
  assert.deepEqual([killed.exitCode, killed.oomKilled], [137, true]);
  await run(runtime, "modest", "exit 5", { memoryLimit: 24 * MEGABYTE });
  const modest = await untilExited(runtime, "modest");
  assert.deepEqual([modest.exitCode, modest.oomKilled ?? false], [5, false]);

  await runtime.detach();
  runtime = await open();
  assert.equal((await runtime.list()).containers.find(({ id }) => id === "busy")?.pid, pid);
  assert((await runtime.stats("busy")) !== undefined);
  await run(runtime, "later", "exec tail /dev/zero", { memoryLimit: 24 * MEGABYTE });
  assert.equal((await untilExited(runtime, "later")).oomKilled, true);

  await runtime.destroy();
  const base = join(group, "..", "..");
  assert.deepEqual(
    readdirSync(base).filter((name) => /^kelpie-[0-9a-f]{12}$/.test(name)),
    [],
  );
  rmSync(directory, { recursive: true, force: true });
  process.stdout.write(`PASS ${process.getuid?.() ?? ""}: ${cores.toFixed(3)} of 0.2 cores\n`);
}

await main();
process.exit();
