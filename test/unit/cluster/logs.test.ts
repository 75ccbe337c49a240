import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, LogHandler, LogLine, LogQuery } from "../../../src/cluster/cluster.ts";
import type { KelpieError } from "../../../src/lib/errors.ts";
import { createValue, type Value } from "../../../src/lib/subscribable.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { fakePod } from "../../support/fake-api-objects.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface Heard {
  readonly lines: readonly LogLine[];
  readonly interrupted: number;
  readonly ended: boolean;
  readonly failed?: KelpieError;
}

const CONTAINER = "default/talker/web";
const QUERY: LogQuery = { namespace: "default", pod: "talker", container: "web", follow: true };

async function open(): Promise<{ server: FakeApiServer; cluster: Cluster }> {
  const opened = await openFakeCluster(cleanup, {}, { clock: hastyClock(20) });
  opened.server.push(fakePod({ name: "talker", namespace: "default", index: 1, node: "node-0" }));
  return opened;
}

function listen(cluster: Cluster, query: Partial<LogQuery> = {}, more: Pick<LogHandler, "gap"> = {}): Value<Heard> {
  const heard = createValue<Heard>({ lines: [], interrupted: 0, ended: false });
  const aborter = new AbortController();
  cleanup.add(() => aborter.abort());
  cluster.logs(
    { ...QUERY, ...query },
    {
      ...more,
      lines: (lines) => {
        heard.update((before) => ({ ...before, lines: [...before.lines, ...lines] }));
        return undefined;
      },
      interrupted: () => heard.update((before) => ({ ...before, interrupted: before.interrupted + 1 })),
      ended: () => heard.update((before) => ({ ...before, ended: true })),
      failed: (failed) => heard.update((before) => ({ ...before, failed })),
    },
    aborter.signal,
  );
  return heard;
}

const time = (second: number, fraction = "000000000"): string =>
  `2026-01-01T00:00:${String(second).padStart(2, "0")}.${fraction}Z`;

const texts = (heard: Heard): string[] => heard.lines.map(({ text }) => text);

async function following(server: FakeApiServer): Promise<void> {
  await server.until(() => server.requests.some(({ path }) => path.endsWith("/log")));
}

describe("a followed log", () => {
  it("brings what is there and what comes, with timestamps", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "first");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.logs.append(CONTAINER, time(2), "second with  spaces ");
    const { lines } = await eventually(heard, (now) => now.lines.length === 2);
    expect(lines).toEqual([
      { time: time(1), text: "first" },
      { time: time(2), text: "second with  spaces " },
    ]);
  });

  it("is resumed after a cut without gaps and without doubles, equal lines included", async () => {
    const { server, cluster } = await open();
    for (const text of ["one", "tick", "tick"]) server.logs.append(CONTAINER, time(5, "100000000"), text);
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 3);
    server.logs.end(CONTAINER, "cut");
    await eventually(heard, ({ interrupted }) => interrupted === 1);
    // Written while nobody listened: one more equal line of the same moment, and a later one of the same second.
    server.logs.append(CONTAINER, time(5, "100000000"), "tick");
    server.logs.append(CONTAINER, time(5, "900000000"), "late");
    const resumed = await eventually(heard, ({ lines }) => lines.length >= 5);
    expect(texts(resumed)).toEqual(["one", "tick", "tick", "tick", "late"]);
    const last = server.requests.findLast(({ path }) => path.endsWith("/log"));
    expect(last?.query.get("sinceTime")).toBe("2025-12-31T23:59:55Z");
    expect(last?.query.has("tailLines")).toBe(false);
  });

  it("brings a line whole that was cut in its middle", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "whole");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.logs.sendRaw(CONTAINER, Buffer.from(`${time(2)} ha`));
    server.logs.end(CONTAINER, "cut");
    server.logs.append(CONTAINER, time(2), "half");
    const resumed = await eventually(heard, ({ lines }) => lines.length === 2);
    expect(texts(resumed)).toEqual(["whole", "half"]);
  });

  it("goes on when the stream ends and the container still runs", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.logs.end(CONTAINER, "clean");
    server.logs.append(CONTAINER, time(2), "two");
    const resumed = await eventually(heard, ({ lines }) => lines.length === 2);
    expect(texts(resumed)).toEqual(["one", "two"]);
    expect(resumed).toMatchObject({ interrupted: 0, ended: false });
  });

  it("ends when the container has ended", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "bye");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.push(fakePod({ name: "talker", namespace: "default", index: 1, node: "node-0", phase: "Succeeded" }));
    server.logs.end(CONTAINER, "clean");
    expect(await eventually(heard, ({ ended }) => ended)).toMatchObject({ interrupted: 0 });
  });

  it("looks for what was written after something ended a long stream and before the container ended", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    server.push(fakePod({ name: "talker", namespace: "default", index: 1, node: "node-0" }));
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    clock.advance(60_000);
    server.push(fakePod({ name: "talker", namespace: "default", index: 1, node: "node-0", phase: "Succeeded" }));
    server.intercept(({ path, query }) =>
      path.endsWith("/log") && query.has("sinceTime")
        ? { kind: "raw", code: 200, body: `${time(1)} one\n${time(2)} last words\n`, contentType: "text/plain" }
        : undefined,
    );
    server.logs.end(CONTAINER, "clean");
    expect(texts(await eventually(heard, ({ ended }) => ended))).toEqual(["one", "last words"]);
  });

  it("says that lines may be missing where the server no longer has the last ones that came", async () => {
    const { server, cluster } = await open();
    for (const text of ["one", "two"]) server.logs.append(CONTAINER, time(1), text);
    const gaps: string[] = [];
    const heard = listen(cluster, {}, { gap: (after, before) => void gaps.push(`${after} ${before}`) });
    await eventually(heard, ({ lines }) => lines.length === 2);
    server.logs.end(CONTAINER, "cut");
    server.logs.append(CONTAINER, time(2), "three");
    await eventually(heard, ({ lines }) => lines.length === 3);
    expect(gaps).toEqual([]);
    server.logs.end(CONTAINER, "cut");
    server.logs.rotate(CONTAINER);
    server.logs.append(CONTAINER, time(4), "nine");
    expect(texts(await eventually(heard, ({ lines }) => lines.length === 4))).toEqual(["one", "two", "three", "nine"]);
    expect(gaps).toEqual([`${time(2)} ${time(4)}`]);
  });

  it("keeps characters, carriage returns inside lines and lines of a megabyte whole", async () => {
    const { server, cluster } = await open();
    const heard = listen(cluster);
    await following(server);
    const long = "x".repeat(1 << 20);
    const bytes = Buffer.from(`${time(1)} Grüße 🐕\r\n${time(2)} 10%\r20%\n${time(3)} ${long}\n${time(4)} end\n`);
    const dog = bytes.indexOf("🐕");
    await server.until(() => server.logs.followers(CONTAINER) === 1);
    server.logs.sendRaw(CONTAINER, bytes.subarray(0, dog + 2));
    server.logs.sendRaw(CONTAINER, bytes.subarray(dog + 2));
    const all = await eventually(heard, ({ lines }) => lines.length === 4);
    expect(texts(all).slice(0, 2)).toEqual(["Grüße 🐕", "10%\r20%"]);
    expect(all.lines[2]?.text.length).toBe(1 << 20);
  });

  it("waits for the server to come back", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    await server.setOnline(false);
    await eventually(heard, ({ interrupted }) => interrupted >= 2);
    server.logs.append(CONTAINER, time(2), "two");
    await server.setOnline(true);
    expect(texts(await eventually(heard, ({ lines }) => lines.length === 2))).toEqual(["one", "two"]);
  });

  it("reads a replaced instance to its end, and nothing of the one that follows it", async () => {
    const { server, cluster } = await open();
    let replaced = false;
    server.intercept(({ path, query }) => {
      if (!replaced) return undefined;
      if (path.endsWith("/pods/talker")) {
        const lastState = { terminated: { containerID: "c://1" } };
        const container = { name: "web", containerID: "c://2", state: { running: {} }, lastState };
        const body = JSON.stringify({ status: { containerStatuses: [container] } });
        return { kind: "raw", code: 200, body, contentType: "application/json" };
      }
      if (!path.endsWith("/log") || query.get("previous") !== "true") return undefined;
      return { kind: "raw", code: 200, body: `${time(1)} one\n${time(2)} last words`, contentType: "text/plain" };
    });
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster, { containerId: "c://1" });
    await eventually(heard, ({ lines }) => lines.length === 1);
    replaced = true;
    server.logs.end(CONTAINER, "cut");
    server.logs.append(CONTAINER, time(3), "of the new instance");
    expect(texts(await eventually(heard, ({ ended }) => ended))).toEqual(["one", "last words"]);
  });

  it("goes on after a cut without the right to look at the pod, and ends when nothing more comes", async () => {
    const { server, cluster } = await open();
    let over = false;
    server.intercept(({ path }) => {
      if (path.endsWith("/pods/talker")) return { kind: "status", code: 403, reason: "Forbidden" };
      return over ? { kind: "raw", code: 200, body: `${time(2)} two\n`, contentType: "text/plain" } : undefined;
    });
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.logs.end(CONTAINER, "cut");
    server.logs.append(CONTAINER, time(2), "two");
    await eventually(heard, ({ lines }) => lines.length === 2);
    over = true;
    server.logs.end(CONTAINER, "clean");
    expect(texts(await eventually(heard, ({ ended }) => ended))).toEqual(["one", "two"]);
  });

  it("waits for a container that is waiting to start", async () => {
    const { server, cluster } = await open();
    const message = 'container "web" in pod "talker" is waiting to start: ContainerCreating';
    let waiting = true;
    server.intercept(({ path }) =>
      waiting && path.endsWith("/log") ? { kind: "status", code: 400, reason: "BadRequest", message } : undefined,
    );
    server.logs.append(CONTAINER, time(1), "hello");
    const heard = listen(cluster);
    await eventually(heard, ({ interrupted }) => interrupted === 2);
    waiting = false;
    expect(texts(await eventually(heard, ({ lines }) => lines.length === 1))).toEqual(["hello"]);
    expect(heard.get().failed).toBeUndefined();
  });

  it("says that lines may be missing when a broken stream's pod is gone", async () => {
    const { server, cluster } = await open();
    server.logs.append(CONTAINER, time(1), "one");
    const heard = listen(cluster);
    await eventually(heard, ({ lines }) => lines.length === 1);
    server.intercept(({ path }) =>
      path.includes("/pods/talker") ? { kind: "status", code: 404, reason: "NotFound" } : undefined,
    );
    server.logs.end(CONTAINER, "cut");
    const { failed } = await eventually(heard, (now) => now.failed !== undefined);
    expect(failed?.message).toContain(`what it wrote after ${time(1)} may be missing`);
  });
});

it("says nothing of the kind when a stream had ended by itself before its pod was gone", async () => {
  const { server, cluster } = await open();
  server.logs.append(CONTAINER, time(1), "one");
  const heard = listen(cluster);
  await eventually(heard, ({ lines }) => lines.length === 1);
  // The status is late: the container seems to run.
  server.intercept(({ path }) =>
    path.endsWith("/talker/log") ? { kind: "status", code: 404, reason: "NotFound" } : undefined,
  );
  server.logs.end(CONTAINER, "clean");
  expect((await eventually(heard, ({ ended, failed }) => ended || failed !== undefined)).failed).toBeUndefined();
});

describe("a log that is not followed", () => {
  it("ends, and its last line needs no newline", async () => {
    const { server, cluster } = await open();
    server.intercept(({ path }) =>
      path.endsWith("/log")
        ? { kind: "raw", code: 200, body: `${time(1)} a\n${time(2)} b`, contentType: "text/plain" }
        : undefined,
    );
    const heard = listen(cluster, { follow: false, previous: true, tailLines: 10 });
    expect(texts(await eventually(heard, ({ ended }) => ended))).toEqual(["a", "b"]);
    const asked = server.requests.find(({ path }) => path.endsWith("/log"))?.query;
    expect(Object.fromEntries(asked ?? [])).toEqual({
      container: "web",
      timestamps: "true",
      previous: "true",
      tailLines: "10",
    });
  });

  it("fails in the server's words", async () => {
    const { server, cluster } = await open();
    const message = 'previous terminated container "web" in pod "talker" not found';
    server.intercept(({ path }) =>
      path.endsWith("/log") ? { kind: "status", code: 400, reason: "BadRequest", message } : undefined,
    );
    const { failed } = await eventually(listen(cluster), (heard) => heard.failed !== undefined);
    expect(failed?.message).toContain(message);
  });
});
