import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RuntimeEvent } from "../../src/embedded/runtimes/runtime.ts";
import { EngineProcess, makeDirectory, whyNot, type Who } from "./engine-process.ts";
import { kernelPath, namespacesOf, tracesOf } from "./leftovers.ts";

const CASES: ReadonlyArray<readonly [Who, string]> = [
  ["root", "namespaces"],
  ["a plain user", "namespaces"],
  ["a plain user", "process"],
];

describe.each(CASES)("an engine of %s on the %s runtime", (who, runtime) => {
  const reason = whyNot(who, runtime);

  it("finds after a crash what ran, what ended, and every line of output", async (context) => {
    if (reason !== undefined) context.skip(reason);
    const first = await EngineProcess.open(who, makeDirectory(who), runtime);
    await first.pod("pod");
    const ticking = "i=0; while :; do i=$((i+1)); echo tick $i; echo tock $i >&2; sleep 0.01; done";
    const before = await first.run("pod", "ticking", ["sh", "-c", ticking]);
    const told = 'trap "echo bye; exit 17" USR1; echo started; while :; do sleep 0.05; done';
    const { pid: ending = 0 } = await first.run("pod", "ending", ["sh", "-c", told]);
    await expect.poll(() => first.lines("ending")).toEqual(["started"]);
    await expect.poll(() => first.lines("ticking").length).toBeGreaterThan(20);
    await first.kill();
    // Ends while no engine runs.
    process.kill(ending, "SIGUSR1");
    const exitFile = join(first.directory, "runtime", "containers", "ending", "exit");
    await expect.poll(() => existsSync(exitFile) && readFileSync(exitFile, "utf8")).toBe("17\n");

    const second = await EngineProcess.open(who, first.directory, runtime);
    const states = new Map((await second.containers()).map((state) => [state.id, state]));
    expect(states.get("ticking")).toMatchObject({ state: "running", pid: before.pid, startedAt: before.startedAt });
    expect(states.get("ending")).toMatchObject({ state: "exited", exitCode: 17 });
    const events = (await second.call("events")) as readonly RuntimeEvent[];
    expect(events.map(({ type, container }) => [type, container.id])).toEqual([["exited", "ending"]]);
    expect(second.lines("ending")).toEqual(["started", "bye"]);

    const seen = second.lines("ticking").length;
    await expect.poll(() => second.lines("ticking").length).toBeGreaterThan(seen + 20);
    expect(await second.exec("ticking", ["echo", "hello"])).toMatchObject({ code: 0, stdout: "hello\n" });
    await second.call("stop", "ticking", { signal: "SIGKILL", graceMilliseconds: 0 });
    expect(await second.exited("ticking")).toMatchObject({ exitCode: 137 });
    for (const word of ["tick", "tock"]) {
      const counted = second.lines("ticking").filter((line) => line.startsWith(word));
      expect(counted).toEqual(counted.map((_line, index) => `${word} ${index + 1}`));
    }
    await second.dispose();
  });

  it("tells an end that it has told before only once", async (context) => {
    if (reason !== undefined) context.skip(reason);
    const first = await EngineProcess.open(who, makeDirectory(who), runtime);
    await first.pod("pod");
    await first.shell("pod", "done", "exit 9");
    await first.kill();
    const second = await EngineProcess.open(who, first.directory, runtime);
    expect(await second.call("events")).toEqual([]);
    expect(await second.containers()).toMatchObject([{ id: "done", state: "exited", exitCode: 9 }]);
    await second.dispose();
  });

  it("does not know the end of a container whose supervisor was killed with it", async (context) => {
    if (reason !== undefined) context.skip(reason);
    const engine = await EngineProcess.open(who, makeDirectory(who), runtime);
    await engine.pod("pod");
    const { pid = 0 } = await engine.run("pod", "lost", ["sleep", "100"]);
    const stat = readFileSync(join(engine.directory, "runtime", "containers", "lost", "supervisor"), "utf8");
    await engine.kill();
    process.kill(Number.parseInt(stat, 10), "SIGKILL");
    process.kill(pid, "SIGKILL");
    const second = await EngineProcess.open(who, engine.directory, runtime);
    expect(await second.exited("lost")).toMatchObject({ state: "unknown", exitCode: 137 });
    await second.dispose();
  });

  it("leaves nothing behind when it destroys, even after a crash", async (context) => {
    if (reason !== undefined) context.skip(reason);
    const first = await EngineProcess.open(who, makeDirectory(who), runtime);
    const directory = kernelPath(first.directory);
    await first.pod("pod");
    const { pid = 0 } = await first.run("pod", "running", ["sh", "-c", "sleep 100 & sleep 100"]);
    await first.run("pod", "terminal", ["sleep", "100"], { tty: true });
    const own = namespacesOf(process.pid);
    const namespaces = namespacesOf(pid).filter((each) => !own.includes(each));
    expect(tracesOf(directory, namespaces).processes.length).toBeGreaterThan(3);
    await first.kill();
    const second = await EngineProcess.open(who, first.directory, runtime);
    await second.call("removeSandbox", "pod");
    expect(await second.containers()).toEqual([]);
    await second.dispose();
    await expect
      .poll(() => tracesOf(directory, namespaces))
      .toEqual({ mounts: [], links: [], cgroups: [], processes: [] });
    expect(existsSync(directory)).toBe(false);
  });
});
