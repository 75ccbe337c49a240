import { Duplex, PassThrough } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import { expect, test } from "vitest";
import { openRemoteSession } from "../../../src/app/operations/open-remote-session.ts";
import { runRemoteSession } from "../../../src/app/operations/remote-session.ts";
import type { ExecSession } from "../../../src/cluster/cluster.ts";
import { systemClock } from "../../../src/lib/clock.ts";

/** The far end of a session, as a container would be. */
class FarEnd extends Duplex {
  received = "";

  override _read(): void {
    // What the container says is pushed by the test.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.received += chunk.toString();
    this.emit("received");
    done();
  }
}

interface Rig {
  readonly far: FarEnd;
  readonly session: ExecSession;
  readonly sizes: string[];
  readonly exit: (code: number) => void;
  readonly fail: (error: Error) => void;
  readonly keys: PassThrough;
  readonly screen: () => string;
  readonly modes: boolean[];
  readonly terminal: { readonly stdin: ReadStream; readonly stdout: WriteStream };
  closed: boolean;
}

/** A terminal made of streams: a tty's members that a session uses, over pipes. */
function rig(): Rig {
  const far = new FarEnd();
  const sizes: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const modes: boolean[] = [];
  const keys = new PassThrough();
  const output = new PassThrough();
  let screen = "";
  output.on("data", (data: Buffer) => {
    screen += data.toString();
  });
  const stdin: ReadStream = Object.assign(Object.create(ReadStream.prototype), {});
  const terminal = {
    stdin: new Proxy(stdin, {
      get: (_, name) => {
        if (name === "setRawMode") return (mode: boolean) => modes.push(mode);
        const value: unknown = Reflect.get(keys, name);
        return typeof value === "function" ? value.bind(keys) : value;
      },
    }),
    stdout: new Proxy<WriteStream>(Object.assign(Object.create(WriteStream.prototype), {}), {
      get: (_, name) => {
        if (name === "columns") return 100;
        if (name === "rows") return 30;
        const value: unknown = Reflect.get(output, name);
        return typeof value === "function" ? value.bind(output) : value;
      },
    }),
  };
  const made: Rig = {
    far,
    sizes,
    exit: resolve,
    fail: reject,
    keys,
    screen: () => screen,
    modes,
    terminal,
    closed: false,
    session: {
      stream: far,
      stderr: new PassThrough(),
      endsInput: true,
      resize: (columns, rows) => sizes.push(`${columns}x${rows}`),
      exited: promise,
      close: () => {
        made.closed = true;
      },
    },
  };
  return made;
}

const tty = { tty: true, stdin: true, clock: systemClock };

test("keys go to the container as they are, what it says comes to the screen, and its exit code comes back", async () => {
  const one = rig();
  const running = runRemoteSession(one.terminal, one.session, tty);
  const received = new Promise((resolve) => one.far.once("received", resolve));
  one.keys.write("ls\u0003\r");
  await received;
  one.far.push("hello\r\n");
  one.far.push("last words");
  one.exit(3);
  one.far.push(null);
  expect(await running).toEqual({ by: "exit", code: 3 });
  expect(one.far.received).toBe("ls\u0003\r");
  expect(one.screen()).toContain("hello\r\nlast words");
  expect(one.sizes).toEqual(["100x30"]);
  expect(one.modes).toEqual([true, false]);
  expect(one.closed).toBe(true);
});

test("what a program left switched on is switched off at the end", async () => {
  const one = rig();
  const running = runRemoteSession(one.terminal, one.session, tty);
  one.far.push("\u001B[?1000h\u001B[?25l");
  one.exit(0);
  one.far.push(null);
  await running;
  expect(one.screen().endsWith("\u001B(B")).toBe(true);
  expect(one.screen()).toContain("\u001B[?1000l");
  expect(one.screen()).toContain("\u001B[?25h");
});

test("Ctrl-] three times leaves a session that is silent, twice does not", async () => {
  const one = rig();
  const running = runRemoteSession(one.terminal, one.session, tty);
  one.keys.write("\u001D\u001Dx\u001D");
  one.keys.write("\u001D\u001D");
  expect(await running).toEqual({ by: "user" });
  expect(one.closed).toBe(true);
});

test("a connection that breaks ends the session with its reason and gives the terminal back", async () => {
  const one = rig();
  const running = runRemoteSession(one.terminal, one.session, tty);
  one.far.destroy(new Error("socket hang up"));
  one.fail(new Error("the connection broke"));
  await expect(running).rejects.toThrow("the connection broke");
  expect(one.modes).toEqual([true, false]);
  expect(one.keys.listenerCount("data")).toBe(0);
});

test("Ctrl-C leaves a process without a tty that takes no input, and nothing typed is echoed", async () => {
  const one = rig();
  const running = runRemoteSession(one.terminal, one.session, { tty: false, stdin: false, clock: systemClock });
  one.keys.write("typed\u0003");
  expect(await running).toEqual({ by: "user" });
  expect(one.far.received).toBe("");
  expect(one.modes).toEqual([true, false]);
});

const opening = { ...tty, opening: "opening it", opened: "it is open" };

test("what is typed before a session is open goes to it", async () => {
  const one = rig();
  const opened = Promise.withResolvers<ExecSession>();
  const running = openRemoteSession(one.terminal, () => opened.promise, opening);
  one.keys.write("early ");
  await new Promise((resolve) => setImmediate(resolve));
  expect(one.screen()).toContain("opening it; Ctrl-C gives up");
  opened.resolve(one.session);
  await new Promise((resolve) => setImmediate(resolve));
  one.keys.write("late");
  await new Promise((resolve) => setImmediate(resolve));
  expect(one.far.received).toBe("early late");
  one.exit(0);
  one.far.push(null);
  expect(await running).toEqual({ by: "exit", code: 0 });
  expect(one.modes).toEqual([true, false, true, false]);
});

test("Ctrl-C gives up a session that does not come, and one that comes too late is closed", async () => {
  const one = rig();
  const opened = Promise.withResolvers<ExecSession>();
  const running = openRemoteSession(one.terminal, () => opened.promise, opening);
  one.keys.write("\u0003");
  expect(await running).toEqual({ by: "impatience" });
  expect(one.modes).toEqual([true, false]);
  opened.resolve(one.session);
  await new Promise((resolve) => setImmediate(resolve));
  expect(one.closed).toBe(true);
});

test("a session that cannot be opened leaves the terminal as it was", async () => {
  const one = rig();
  const running = openRemoteSession(one.terminal, () => Promise.reject(new Error("no")), opening);
  await expect(running).rejects.toThrow("no");
  expect(one.modes).toEqual([true, false]);
});
