import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { LogLine, LogQuery } from "../../../src/cluster/cluster.ts";
import { Cleanup, hastyClock, openKubeconfig } from "../../support/cluster-fixture.ts";
import { seeded } from "../../support/hostile-objects.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface Written {
  readonly second: number;
  /** Timestamp, a space, what the container wrote, and its newline but for the last one of some. */
  readonly bytes: Buffer;
}

const PIECES: ReadonlyArray<(random: () => number) => Buffer> = [
  (random) => Buffer.from(`request ${Math.floor(random() * 4)} served`),
  () => Buffer.from("\u001B[31merror\u001B[0m \u001B]0;title\u0007\u001B[2J"),
  () => Buffer.from("a\u202Eb\u200Bc\u0000\u0008\u009B2J"),
  () => Buffer.from("[red]{bold}[[x]] ${HOME} %s \\n"),
  () => Buffer.from("10%\r20%\r"),
  () => Buffer.from("Grüße 🐕 日本語 e\u0301"),
  () => Buffer.from("2026-01-01T00:00:00.5Z looks like a timestamp"),
  () => Buffer.alloc(0),
  (random) => Buffer.from(Array.from({ length: 40 }, () => Math.floor(random() * 256)).filter((byte) => byte !== 10)),
];

function writeLog(random: () => number, index: number): Written[] {
  const lines: Written[] = [];
  const count = 40 + Math.floor(random() * 160);
  let second = 0;
  for (let line = 0; line < count; line += 1) {
    if (random() < 0.1) second += 1 + Math.floor(random() * 3);
    // Few fractions, so that many lines have the same time and some lines are altogether equal.
    const fraction = String(Math.floor(random() * 3)).padStart(9, "0");
    const time = `${new Date(1_767_225_600_000 + second * 1000).toISOString().slice(0, 19)}.${fraction}Z `;
    const big = index < 3 && line === 20;
    const text = big
      ? Buffer.alloc(2 ** 20, "x")
      : (PIECES[Math.floor(random() * PIECES.length)]?.(random) ?? Buffer.alloc(0));
    const newline = line === count - 1 && index % 2 === 0 ? "" : "\n";
    lines.push({ second, bytes: Buffer.concat([Buffer.from(time), text, Buffer.from(newline)]) });
  }
  return lines;
}

/** What the bytes of a log say, by the simplest means. */
function linesIn(log: readonly Written[]): LogLine[] {
  const all = Buffer.concat(log.map(({ bytes }) => bytes));
  const found: LogLine[] = [];
  for (let start = 0; start < all.length;) {
    const newline = all.indexOf(10, start);
    const end = newline === -1 ? all.length : newline;
    const text = all.subarray(start, all[end - 1] === 13 ? end - 1 : end).toString("utf8");
    found.push({ time: text.slice(0, 30), text: text.slice(31) });
    start = end + 1;
  }
  return found;
}

/** Sends bytes in random pieces up to a place, and there ends or breaks the answer. */
function sendPieces(response: ServerResponse, bytes: Buffer, random: () => number, how: "end" | "break"): void {
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + 1 + Math.floor(random() * (random() < 0.2 ? 40 : 60_000)));
    response.write(bytes.subarray(start, end));
    start = end;
  }
  if (how === "end") response.end();
  else response.write(Buffer.alloc(0), () => response.socket?.end());
}

test("a hundred logs of any bytes, broken off at random bytes, are received line by line as they were written", async () => {
  const random = seeded(20_261_121);
  const logs = Array.from({ length: 100 }, (_, index) => writeLog(random, index));
  const breaks = logs.map(() => 1 + Math.floor(random() * 6));
  const running = logs.map(() => true);
  let broken = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const match = /\/pods\/pod-(\d+)(\/log)?$/.exec(url.pathname);
    if (match === null) {
      response.writeHead(404).end();
      return;
    }
    const index = Number(match[1]);
    if (match[2] === undefined) {
      const state = running[index] === true ? { running: {} } : { terminated: { exitCode: 0 } };
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ status: { containerStatuses: [{ name: "main", containerID: "c://1", state }] } }));
      return;
    }
    const since = url.searchParams.get("sinceTime");
    const from = since === null ? 0 : (Date.parse(since) - 1_767_225_600_000) / 1000;
    const rest = Buffer.concat((logs[index] ?? []).filter(({ second }) => second >= from).map(({ bytes }) => bytes));
    response.writeHead(200, { "Content-Type": "text/plain" });
    const left = breaks[index] ?? 0;
    breaks[index] = left - 1;
    if (left <= 0) {
      running[index] = false;
      sendPieces(response, rest, random, "end");
      return;
    }
    broken += 1;
    sendPieces(
      response,
      rest.subarray(0, Math.floor(random() * rest.length)),
      random,
      random() < 0.3 ? "end" : "break",
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const cluster = await openKubeconfig(
    cleanup,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "u", user: {} }],
    }),
    { clock: hastyClock(200) },
  );
  const abort = new AbortController();
  cleanup.add(() => abort.abort());
  const received = await Promise.all(
    logs.map((_, index) => {
      const query: LogQuery = {
        namespace: "default",
        pod: `pod-${index}`,
        container: "main",
        containerId: "c://1",
        follow: true,
      };
      const lines: LogLine[] = [];
      return new Promise<LogLine[]>((resolve, reject) => {
        cluster.logs(
          query,
          {
            lines: (more) => void lines.push(...more),
            interrupted: () => undefined,
            ended: () => resolve(lines),
            failed: reject,
          },
          abort.signal,
        );
      });
    }),
  );
  for (const [index, lines] of received.entries()) {
    const written = linesIn(logs[index] ?? []);
    expect(lines.length, `lines of log ${index}`).toBe(written.length);
    expect(lines).toEqual(written);
  }
  expect(broken).toBeGreaterThan(200);
}, 60_000);
