import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { NO_LOCAL, TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function cluster(name = "dev"): MemoryCluster {
  const made = new MemoryCluster(name);
  for (let index = 1; index <= 30; index += 1) made.put("pods", runningPod(`web-${String(index).padStart(2, "0")}`));
  return made;
}

async function start(options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([cluster()]), ...options });
  return open;
}

test.each([
  [40, 10],
  [80, 24],
  [200, 50],
])("A terminal of %i by %i shows the table, the cursor and the context", async (columns, rows) => {
  const app = await start({ columns, rows });
  expect(app.rows()[0]).toBe("web-01 *selected*");
  expect(app.text()).toContain("dev");
  expect(app.lines().every((line) => line.length <= columns)).toBe(true);
  await app.press("shift-g");
  expect(app.rows().at(-1)).toBe("web-30 *selected*");
});

test("A resize draws the same place at the new size", async () => {
  const app = await start();
  await app.type("jjjjj");
  await app.resize(40, 10);
  expect(app.rows()).toContain("web-06 *selected*");
  await app.resize(120, 40);
  expect(app.rows()).toHaveLength(30);
  expect(app.rows()[5]).toBe("web-06 *selected*");
});

test("Pasted text never becomes keys", async () => {
  const app = await start();
  const before = app.rows();
  await app.paste(":q\rjjjj\u0004".repeat(1000));
  expect(app.rows()).toEqual(before);
  expect(app.line(-1)).toContain("pasted text is ignored here");
});

test("Text pasted into the prompt is typed there, and nothing runs before Enter", async () => {
  const app = await start();
  await app.press(":");
  await app.paste("deploy\nall");
  expect(app.line(-1)).toContain(":deploy all");
  await app.press("enter");
  expect(app.text()).toContain("deployments(all)");
});

test("The prompt completes kinds and the command opens them", async () => {
  const app = await start();
  await app.press(":");
  await app.type("depl");
  expect(app.text()).toContain("Deployment");
  await app.press("tab");
  expect(app.line(-1)).toContain(":deployments");
  await app.press("enter");
  expect(app.text()).toContain("deployments(default)[0]");
  expect(app.text()).toContain("There are no deployments in the namespace default.");
});

test("An unknown kind is refused with the way to the known ones", async () => {
  const app = await start();
  await app.press(":");
  await app.type("gizmos");
  await app.press("enter");
  expect(app.line(-1)).toContain('the server has no kind "gizmos"');
  expect(app.line(-1)).toContain("Ctrl-A");
});

test("[ goes back to the place before, exactly as it was", async () => {
  const app = await start();
  await app.type("jjj");
  await app.press(":");
  await app.type("svc");
  await app.press("enter");
  expect(app.text()).toContain("services(default)");
  await app.press("[");
  expect(app.rows()[3]).toBe("web-04 *selected*");
  await app.press("]");
  expect(app.text()).toContain("services(default)");
});

test("The help lists the keys of the view with the reasons of what is off", async () => {
  const app = await start({ readOnly: true, rows: 60 });
  await app.press("?");
  expect(app.text()).toMatch(/Ctrl-D\s+Delete\s+\(off: read-only/);
  expect(app.text()).toContain("Previous place");
  await app.press("escape");
  expect(app.rows()[0]).toBe("web-01 *selected*");
});

test("The help names the namespaces on the digits, and stands in columns where there is room", async () => {
  const app = await start({ columns: 80, initialCommand: "pods default" });
  await app.press("?");
  expect(app.text()).not.toMatch(/Act on pods.*Navigate/);
  await app.resize(200, 50);
  expect(app.text()).toMatch(/^Act on pods {2,}Navigate {2,}The : prompt$/m);
  expect(app.text()).toMatch(/ 1 +Namespace default/);
  expect(app.text()).not.toContain("Namespace 2");
  // Nothing is cut: it goes on below.
  await app.resize(44, 60);
  expect(app.text()).not.toContain("…");
});

test("A table without rows offers no Enter, a text without blocks no fold", async () => {
  const app = await start({ initialCommand: "pods none" });
  await app.press("enter");
  expect(app.line(-1)).toContain("Open: no row is under the cursor");
  await app.press("?");
  expect(app.line(1)).toContain("Wrap");
  expect(app.text()).not.toContain("z Fold");
});

test("The palette finds an action by its name and runs it", async () => {
  const app = await start();
  await app.press("ctrl-k");
  await app.type("wide");
  await app.press("enter");
  expect(app.text()).toContain("wide");
  expect(app.text()).toMatch(/─ wide ─/);
});

test("A dead context shows the host, the error and the countdown, and another is one command away", async () => {
  const dead = new MemoryCluster("dead", { server: "https://10.9.9.9:6443" });
  const alive = cluster("alive");
  const app = await start({ clusters: memoryClusters([dead, alive]), columns: 120 });
  const now = app.clock.now();
  const error = new KelpieError("connect ECONNREFUSED 10.9.9.9:6443");
  dead.status.set({ state: "unreachable", since: now - 65_000, error, attempts: 3, retryAt: now + 4000 });
  await app.idle();
  expect(app.text()).toContain("10.9.9.9:6443");
  expect(app.text()).toContain("connect ECONNREFUSED");
  expect(app.text()).toContain("No connection for 65s");
  await app.resize(64, 24);
  expect(app.line(1)).toBe(" 65s: connect ECONNREFUSED 10.9.9.9:6443. Next try in 4 s.");
  await app.resize(120, 24);
  expect(app.text()).toContain("Next try in 4 s");
  await app.advance(2000);
  expect(app.text()).toContain("Next try in 2 s");
  await app.press(":");
  await app.type("ctx alive");
  await app.press("enter");
  expect(app.rows()[0]).toBe("web-01 *selected*");
  expect(app.line(0)).toContain("alive");
  expect(dead.closed).toBe(true);
});

test("The contexts view switches with Enter", async () => {
  const app = await start({ clusters: memoryClusters([cluster("one"), cluster("two")]) });
  await app.press(":");
  await app.type("ctx");
  await app.press("enter");
  expect(app.text()).toContain("https://two.example:6443");
  await app.press("down", "enter");
  expect(app.line(0)).toContain("two");
  expect(app.rows()[0]).toBe("web-01 *selected*");
});

test("With nothing configured the local cluster starts with its steps on screen, and its pods are shown", async () => {
  const local = cluster("kelpie");
  let contexts: readonly MemoryCluster[] = [];
  let finish = (): void => {};
  const started = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const app = await TestScreen.open({
    clusters: {
      ...memoryClusters([]),
      load: () => memoryClusters(contexts).load(),
      open: (name) => memoryClusters(contexts).open(name),
    },
    local: {
      ...NO_LOCAL,
      list: () => Promise.resolve([{ name: "kelpie", state: "absent", note: "embedded" }]),
      async start(_name, progress) {
        progress({ text: "Check the machine", state: "done" });
        progress({ text: "Start the engine", state: "running" });
        finish();
        contexts = [local];
        return { context: "kelpie" };
      },
    },
    autoStart: true,
  });
  open = app;
  await started;
  await app.idle();
  expect(app.rows()[0]).toBe("web-01 *selected*");
});

test("A local cluster that does not start says which step failed and why", async () => {
  const app = await start({
    clusters: memoryClusters([]),
    local: {
      ...NO_LOCAL,
      list: () => Promise.resolve([{ name: "kelpie", state: "absent", note: "embedded" }]),
      start(_name, progress) {
        progress({ text: "Start the engine", state: "failed" });
        return Promise.reject(
          new KelpieError("the engine did not start", { hint: "`kelpie cluster doctor` tells why." }),
        );
      },
    },
    autoStart: true,
  });
  expect(app.text()).toContain("✗ Start the engine");
  expect(app.text()).toContain("the engine did not start");
  expect(app.text()).toContain("kelpie cluster doctor");
});

test("The prompt's history comes back with the arrow", async () => {
  const app = await start();
  await app.press(":");
  await app.type("svc");
  await app.press("enter", ":", "up");
  expect(app.line(-1)).toContain(":svc");
});

test("Quit ends the program", async () => {
  const app = await start();
  await app.press(":");
  await app.type("q");
  await app.press("enter");
  await app.ui.finished;
});

test("A credential plugin runs only after the user has seen its command and said yes", async () => {
  const dev = cluster();
  const answers: boolean[] = [];
  const app = await start({
    clusters: (guard) => ({
      ...memoryClusters([dev]),
      async open() {
        void guard
          .confirmExec({ context: "dev", user: "admin", command: "/opt/login", args: ["--now"] })
          .then((answer) => answers.push(answer));
        return dev;
      },
    }),
  });
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
  await app.untilShown(/Run this credential plugin\?/);
  expect(app.text()).toContain("/opt/login");
  await app.press("enter");
  expect(answers).toEqual([false]);
});

test("The local clusters can be looked at from a cluster, and one opened from there", async () => {
  const [dev, local] = [cluster("dev"), cluster("kelpie")];
  const app = await start({
    clusters: memoryClusters([dev, local]),
    local: {
      ...NO_LOCAL,
      list: () => Promise.resolve([{ name: "kelpie", state: "stopped", note: "embedded" }]),
      start: () => Promise.resolve({ context: "kelpie" }),
    },
  });
  await app.press(":");
  await app.type("clusters");
  await app.press("enter");
  expect(app.text()).toMatch(/kelpie +stopped/);
  await app.press("cluster.open");
  expect(app.line(0)).toContain("kelpie");
  expect(app.rows()[0]).toBe("web-01 *selected*");
});

test.each([
  [1, 1],
  [3, 2],
  [12, 4],
  [500, 200],
])("A terminal of %i by %i harms nothing, and the next size is drawn right", async (columns, rows) => {
  const app = await start();
  await app.resize(columns, rows);
  await app.press("?", "escape", "resource.delete", "escape", ":", "x", "escape", "down");
  await app.resize(80, 24);
  expect(app.line(0)).toContain("dev");
  expect(app.rows(), app.text()).toContain("web-02 *selected*");
});

test("The wheel moves the cursor and a click puts it on a row", async () => {
  const app = await start();
  await app.send("\u001B[<65;5;10M");
  expect(app.rows()[3]).toBe("web-04 *selected*");
  const y = app.lines().findIndex((line) => line.startsWith("web-09"));
  await app.send(`\u001B[<0;3;${y + 1}M`);
  expect(app.rows()[8]).toBe("web-09 *selected*");
});

test("A header that cannot be drawn says so, the table goes on, and the next state is drawn again", async () => {
  const dev = cluster();
  const app = await start({ clusters: memoryClusters([dev]) });
  const broken = {
    state: "connected" as const,
    since: 0,
    get serverVersion(): string {
      throw new Error("no version\u001B[2J");
    },
  };
  dev.status.set(broken);
  await app.idle();
  expect(app.line(0)).toBe(" The header could not be drawn: no version\\x1b[2J");
  await app.press("down");
  expect(app.rows()[1]).toBe("web-02 *selected*");
  dev.status.set({ state: "connected", since: 0, serverVersion: "v1.99.0" });
  await app.idle();
  expect(app.line(0)).toContain("v1.99.0");
});

test("A dialog that cannot be drawn says so and Esc leaves it", async () => {
  const app = await start();
  const request = {
    items: [],
    get title(): string {
      throw new Error("no title");
    },
  };
  const answer = app.ui.controller.doors.pick(request);
  await app.idle();
  expect(app.line(-2)).toBe(" This dialog could not be drawn: no title");
  await app.press("escape");
  expect(await answer).toBeUndefined();
  await app.press("down");
  expect(app.rows()[1]).toBe("web-02 *selected*");
});

function measured(state: "available" | "denied", columns: number): Promise<TestScreen> {
  const dev = new MemoryCluster("dev");
  dev.put("nodes", {
    metadata: { name: "node-1", uid: "uid-node-1" },
    status: { allocatable: { cpu: "16", memory: "64Gi" } },
  });
  const nodes = new Map([["node-1", { cpu: 4, memory: 60 * 2 ** 30 }]]);
  dev.metrics.set({ state, version: 1, pods: new Map(), containers: new Map(), nodes, history: [] });
  return start({ clusters: memoryClusters([dev]), columns, readOnly: true });
}

test("A wide header tells context, user, lock, version, and what of the cluster is in use", async () => {
  const app = await measured("available", 120);
  expect(app.line(0)).toMatch(
    /^ context dev {3}read-only {3}cluster dev {3}user admin {3}server v1\.36\.0 {3}cpu 25% of 16 {3}mem 94% of 64Gi +connected$/,
  );
});

test("A header of 80 columns is short, and one of 40 keeps the context and the lock", async () => {
  const app = await measured("available", 80);
  expect(app.line(0)).toMatch(/^ dev {3}read-only {3}user admin {3}v1\.36\.0 {3}cpu 25% {3}mem 94% +connected$/);
  await app.resize(40, 10);
  expect(app.line(0)).toMatch(/^ dev {3}read-only +.*connected$/);
});

test("A header says why CPU and memory are not there, and shows no old ones without a connection", async () => {
  const app = await measured("denied", 100);
  expect(app.line(0)).toContain("metrics not allowed");
  await app.close();
  const other = await measured("available", 100);
  const cluster = other.ui.controller.session.cluster.get();
  if (!(cluster instanceof MemoryCluster)) throw new Error("not the cluster of this test");
  cluster.status.set({
    state: "unreachable",
    since: 0,
    error: new KelpieError("gone"),
    attempts: 1,
    retryAt: 0,
  });
  await other.idle();
  expect(other.line(0)).toMatch(/^ dev +read-only +user admin +unreachable$/);
});

test("A click selects the row under it, and the wheel moves the cursor", async () => {
  const app = await start();
  expect(app.reportsMouse).toBe(true);
  const y = app.lines().findIndex((line) => line.startsWith("web-04"));
  await app.send(`\u001B[<0;5;${y + 1}M\u001B[<0;5;${y + 1}m`);
  expect(app.rows()[3]).toBe("web-04 *selected*");
  await app.send("\u001B[<65;5;5M");
  expect(app.rows()[6]).toBe("web-07 *selected*");
  await app.send("\u001B[<64;5;5M");
  expect(app.rows()[3]).toBe("web-04 *selected*");
  await app.send("\u001B[<0;5;1M\u001B[<0;500;500M\u001B[<0;5;3M");
  expect(app.rows()[3]).toBe("web-04 *selected*");
});

test("mouse: false leaves the mouse to the terminal", async () => {
  const app = await start({ settings: { mouse: false } });
  expect(app.reportsMouse).toBe(false);
});

test("Escape and a key that come in one piece are Escape and that key", async () => {
  const app = await start();
  await app.press("y");
  expect(app.text()).toContain("yaml(pod default/web-01)");
  await app.send("\u001B:svc\r");
  expect(app.text()).toContain("services(default)");
});

test("The help is in the hint bar of 80 columns, whatever else has no room there", async () => {
  const app = await start();
  expect(app.lines().slice(1, 3).join("\n")).toMatch(/\? +Help/);
  await app.press("l");
  expect(app.lines().slice(1, 3).join("\n")).toMatch(/\? +Help/);
});

test("The reason of a stale list never cuts what the list is", async () => {
  const dev = cluster();
  const app = await start({ clusters: memoryClusters([dev]) });
  const error = new KelpieError(
    "cannot reach 10.9.9.9:6443: connection refused, and more words than there is room for",
  );
  dev.setListStatus("pods", { state: "stale", since: 0, error, retryAt: 0 });
  await app.idle();
  expect(app.text()).toMatch(/── pods\(default\)\[30\] ─+ stale since [\d:]+: cannot reach/);
});

test("An empty list says so whole, at the place where empty tables say it", async () => {
  const app = await start();
  await app.press(":");
  await app.type("pf");
  await app.press("enter");
  expect(app.lines()).toContain(" No port-forwards: Shift-F on a pod, a container or a service opens one.");
  expect(app.text()).not.toContain("…");
});

test("Escape and a key that come in one piece are Escape and that key in a prompt and in a dialog too", async () => {
  const app = await start();
  await app.press(":");
  await app.type("nodes");
  await app.send("\u001B:");
  await app.type("deploy");
  await app.press("enter");
  expect(app.text()).toContain("── deployments");
  await app.press("history.back", "resource.delete");
  expect(app.text()).toContain("Delete pod web-01");
  await app.send("\u001B?");
  expect(app.text()).toContain("── help");
});
