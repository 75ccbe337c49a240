import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EngineProcess, makeDirectory, whyNot, type Who } from "./engine-process.ts";

const NODE_PROGRAM = `console.log(process.version, process.argv.length)`;

describe.each<Who>(["root", "a plain user"])("containers in namespaces, run by %s", (who) => {
  const reason = whyNot(who);
  let engine: EngineProcess;

  beforeAll(async () => {
    if (reason !== undefined) return;
    engine = await EngineProcess.open(who, makeDirectory(who));
    await engine.pod("pod");
  });
  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });
  afterAll(async () => {
    if (reason === undefined) await engine.dispose();
  });

  it("is pid 1 with the pod's host name, its own network, and nobody else in sight", async () => {
    await engine.shell("pod", "isolation", 'echo $$; hostname; ls /proc | grep -c "^[0-9]"; ls /sys/class/net; id -u');
    const [pid, hostname, processes, ...rest] = engine.lines("isolation");
    expect([pid, hostname]).toEqual(["1", "pod"]);
    expect(Number(processes)).toBeLessThanOrEqual(3);
    expect(rest).toEqual(["eth0", "lo", "0"]);
  });

  it.each([0, 3, 255])("keeps exit code %i", async (code) => {
    const state = await engine.shell("pod", `exit-${code}`, `exit ${code}`);
    expect(state).toMatchObject({ state: "exited", exitCode: code });
    expect(state.finishedAt).toBeGreaterThanOrEqual(state.startedAt ?? Infinity);
  });

  it("reports 137 for a container that was killed", async () => {
    const { pid = 0 } = await engine.run("pod", "killed", ["sleep", "100"]);
    await engine.call("stop", "killed", { signal: "SIGKILL", graceMilliseconds: 0 });
    expect(await engine.exited("killed")).toMatchObject({ state: "exited", exitCode: 137, pid });
    expect(() => readlinkSync(`/proc/${pid}/ns/pid`)).toThrow();
  });

  it("lets a program end by itself within the grace, with the signals it expects", async () => {
    const script =
      'trap "echo got TERM; exit 7" TERM; trap "echo got INT" INT; kill -INT $$; echo up; while :; do sleep 0.05; done';
    await engine.run("pod", "graceful", ["sh", "-c", script]);
    await expect.poll(() => engine.lines("graceful")).toContain("up");
    await engine.call("stop", "graceful", { signal: "TERM", graceMilliseconds: 20_000 });
    expect(await engine.exited("graceful")).toMatchObject({ exitCode: 7 });
    expect(engine.lines("graceful")).toEqual(["got INT", "up", "got TERM"]);
  });

  it("kills a program that does not listen when the grace is over", async () => {
    await engine.run("pod", "deaf", ["sh", "-c", 'trap "" TERM; while :; do sleep 0.05; done']);
    await engine.call("stop", "deaf", { signal: "SIGTERM", graceMilliseconds: 50 });
    expect(await engine.exited("deaf")).toMatchObject({ exitCode: 137 });
  });

  it("says that a command does not exist, as upstream words it", async () => {
    await engine.run("pod", "missing", ["no-such-program"]);
    expect(await engine.exited("missing")).toMatchObject({
      exitCode: 128,
      startError: 'exec: "no-such-program": executable file not found in $PATH',
    });
  });

  it("runs Node.js, also where only kelpie brings one", async () => {
    await engine.run("pod", "node", ["node", "-e", NODE_PROGRAM], { env: [["PATH", "/.kelpie/bin"]] });
    await engine.exited("node");
    expect(engine.lines("node")).toEqual([`${process.version} 1`]);
  });

  it("shows the machine's system read-only and writes elsewhere", async () => {
    const script =
      "touch /usr/x 2>/dev/null || echo usr closed; echo a >/etc/own && cat /etc/own; echo b >/data && cat /data; ls /home";
    await engine.shell("pod", "view", script);
    expect(engine.lines("view")).toEqual(["usr closed", "a", "b"]);
  });

  it("keeps the root read-only when asked to", async () => {
    const script = "for f in /x /tmp/x /etc/x; do touch $f 2>/dev/null && echo wrote $f; done; echo done";
    await engine.shell("pod", "readonly", script, { readOnlyRootFilesystem: true });
    expect(engine.lines("readonly")).toEqual(["done"]);
  });

  it("mounts volumes over and below the machine's directories", async () => {
    const volume = join(engine.directory, "volume");
    await engine.call("makeVolume", volume, "secret", "top\n");
    const mounts = ["/var/run/secrets/v", "/usr/share/kelpie-test/v", "/data/v"].map((target, index) => ({
      source: volume,
      target,
      readOnly: index < 2,
    }));
    const script =
      "cat /var/run/secrets/v/secret /usr/share/kelpie-test/v/secret; touch /var/run/secrets/v/x 2>/dev/null || echo closed; echo new >/data/v/made";
    await engine.shell("pod", "volumes", script, { mounts });
    expect(engine.lines("volumes")).toEqual(["top", "top", "closed"]);
    expect(readFileSync(join(volume, "made"), "utf8")).toBe("new\n");
  });

  it("gives the default capabilities, none, or named ones", async () => {
    const script = "grep CapEff /proc/self/status | cut -f2";
    await engine.shell("pod", "caps-default", script);
    await engine.shell("pod", "caps-none", script, { capabilities: { add: [], drop: ["ALL"] } });
    await engine.shell("pod", "caps-one", script, { capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] } });
    expect(["caps-default", "caps-none", "caps-one"].flatMap((id) => engine.lines(id))).toEqual([
      "00000000a80425fb",
      "0000000000000000",
      "0000000000000400",
    ]);
  });

  it("runs as another user, in exec too", async () => {
    const user = { uid: 1000, gid: 1000, groups: [] };
    await engine.run("pod", "user", ["sh", "-c", "id -u; id -g; sleep 100"], { user });
    await expect.poll(() => engine.lines("user")).toEqual(["1000", "1000"]);
    expect(await engine.exec("user", ["sh", "-c", "id -u; grep CapEff /proc/self/status | cut -f2"])).toMatchObject({
      code: 0,
      stdout: "1000\n0000000000000000\n",
    });
    await engine.call("stop", "user", { signal: "SIGKILL", graceMilliseconds: 0 });
  });

  describe("exec", () => {
    beforeAll(async () => {
      if (reason === undefined) await engine.run("pod", "target", ["sleep", "1000"], { env: [["COLOUR", "blue"]] });
    });

    it("has both streams, standard input, the environment and the exit code", async () => {
      const command = ["sh", "-c", "cat; echo $COLOUR; echo wrong >&2; exit 5"];
      expect(await engine.exec("target", command, { stdin: true, input: "typed\n" })).toEqual({
        code: 5,
        stdout: "typed\nblue\n",
        stderr: "wrong\n",
      });
    });

    it("has the privileges of the container and sees its processes", async () => {
      const { stdout } = await engine.exec("target", [
        "sh",
        "-c",
        "grep CapEff /proc/self/status | cut -f2; cat /proc/1/comm",
      ]);
      expect(stdout).toBe("00000000a80425fb\nsleep\n");
    });

    it("answers 127 for a command that is not there and 143 for one that was killed", async () => {
      expect((await engine.exec("target", ["no-such-program"])).code).toBe(127);
      expect((await engine.exec("target", ["sh", "-c", "kill -TERM $$"])).code).toBe(143);
    });

    it("has a terminal of the client's size that can be resized", async () => {
      const command = ["sh", "-c", "stty size; echo ready; read x; stty size; exit 6"];
      const size = { columns: 100, rows: 40 };
      const { code, stdout } = await engine.exec("target", command, {
        tty: true,
        stdin: true,
        size,
        resize: [132, 43],
      });
      expect(code).toBe(6);
      expect(
        stdout
          .replaceAll("\r", "")
          .split("\n")
          .filter((line) => line !== ""),
      ).toEqual(["40 100", "ready", "43 132"]);
    });

    // A shell gives the terminal back to whom it had it from: that must be somebody whom its pid namespace knows.
    it("lets a shell control jobs on its terminal, and gives its exit code", async () => {
      const { code, stdout } = await engine.exec("target", ["sh", "-mc", "stty size; (exit 3); exit 5"], {
        tty: true,
        stdin: true,
      });
      expect(stdout.replaceAll("\r", "")).toBe("24 80\n");
      expect(code).toBe(5);
      const stopped = await engine.exec("target", ["sh", "-c", "kill -TSTP $$; echo on; exit 7"], {
        tty: true,
        stdin: true,
      });
      expect(stopped.stdout).toContain("on");
      expect(stopped.code).toBe(7);
    });
  });

  it("attaches to standard input once and ends it when the client goes", async () => {
    await engine.run("pod", "attached", ["cat"], { stdin: true, stdinOnce: true });
    expect(await engine.call("attach", "attached", "one\ntwo\n")).toEqual({ code: 0, stdout: "one\ntwo\n" });
    expect(engine.lines("attached")).toEqual(["one", "two"]);
  });

  it("gives a container a terminal", async () => {
    const script = "test -t 0 && echo terminal; read line; echo got $line; stty size >/dev/null; exit 4";
    await engine.run("pod", "terminal", ["sh", "-mc", script], { tty: true, stdin: true });
    const { code, stdout } = (await engine.call("attach", "terminal", "words\n")) as { code: number; stdout: string };
    expect(code).toBe(4);
    expect(stdout).toContain("got words");
  });

  it("writes long lines in pieces and a last line without an end", async () => {
    await engine.shell("pod", "long", "head -c 40000 /dev/zero | tr '\\0' x; echo; printf end; printf err >&2");
    expect(engine.lines("long")[0]).toHaveLength(40_000);
    const entries = readFileSync(engine.logPath("long"), "utf8").trim().split("\n");
    const tags = entries.filter((entry) => entry.includes(" stdout ")).map((entry) => entry.split(" ")[2]);
    expect(tags).toEqual(["P", "P", "F", "P"]);
    expect(entries.some((entry) => entry.endsWith(" stderr P err"))).toBe(true);
  });

  it("counts CPU and memory while a container runs, and only then", async () => {
    await engine.run("pod", "busy", [
      "sh",
      "-c",
      "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 100",
    ]);
    await expect.poll(() => engine.lines("busy")).toEqual(["done"]);
    const usage = (await engine.call("stats", "busy")) as { cpuNanos: number; workingSetBytes: number };
    expect(usage.cpuNanos).toBeGreaterThan(10_000_000);
    expect(usage.workingSetBytes).toBeGreaterThan(50_000);
    await engine.call("stop", "busy", { signal: "SIGKILL", graceMilliseconds: 0 });
    expect(await engine.call("stats", "busy")).toBeUndefined();
  });

  it("ends a container that takes more memory than its limit", async (context) => {
    const tried = (await engine.call("tried")) as ReadonlyArray<{ probe: { features: { limits: string } } }>;
    if (tried[0]?.probe.features.limits !== "enforced")
      context.skip("control groups are not ours: limits are watched only");
    const grow = "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))";
    await engine.run("pod", "greedy", ["node", "-e", grow], { resources: { memoryLimit: 96 * 2 ** 20 } });
    expect(await engine.exited("greedy")).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  it("refuses images that would have to be pulled and says what there is", async () => {
    await expect(engine.call("image", "nginx:1.27")).rejects.toMatchObject({
      reason: "ErrImagePull",
      message: expect.stringContaining('"nginx:1.27"') as unknown,
    });
    expect(await engine.call("image", "localhost/host:latest")).toMatchObject({ id: "localhost/host" });
  });
});
