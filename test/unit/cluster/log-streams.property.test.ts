import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { LogQuery } from "../../../src/cluster/cluster.ts";
import { timeKey } from "../../../src/cluster/log-time.ts";
import { LogBuffer } from "../../../src/views/logs/log-buffer.ts";
import { Cleanup, openKubeconfig } from "../../support/cluster-fixture.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
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

/** @param distinct no line is equal to another, as where timestamps are as fine as they claim to be */
function writeLog(random: () => number, index: number, distinct: boolean): Written[] {
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
    const own = Buffer.from(distinct ? `${line} ` : "");
    lines.push({ second, bytes: Buffer.concat([Buffer.from(time), own, text, Buffer.from(newline)]) });
  }
  return lines;
}

/** The lines of a log, byte for byte, by the simplest means: a character is a byte. */
function linesIn(log: readonly Written[]): string[] {
  const all = Buffer.concat(log.map(({ bytes }) => bytes)).toString("latin1");
  const lines = all.split("\n").map((line) => line.replace(/\r$/, ""));
  return all.endsWith("\n") ? lines.slice(0, -1) : lines;
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

test.each([
  { what: "from their beginning", seed: 20_261_121, tailLines: undefined },
  { what: "from a line on", seed: 20_261_127, tailLines: 30 },
])(
  "a hundred logs of any bytes, broken off at random bytes, are received $what as they were written",
  async (given) => {
    const { seed, tailLines } = given;
    const random = seeded(seed);
    const logs = Array.from({ length: 100 }, (_, index) => writeLog(random, index, tailLines !== undefined));
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
        response.end(
          JSON.stringify({ status: { containerStatuses: [{ name: "main", containerID: "c://1", state }] } }),
        );
        return;
      }
      const since = url.searchParams.get("sinceTime");
      const tail = url.searchParams.get("tailLines");
      const from = since === null ? 0 : (Date.parse(since) - 1_767_225_600_000) / 1000;
      const asked = (logs[index] ?? []).slice(tail === null ? 0 : -Number(tail));
      const rest = Buffer.concat(asked.filter(({ second }) => second >= from).map(({ bytes }) => bytes));
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
      fakeKubeconfig({ server: `http://127.0.0.1:${port}` }),
      // Requests are given thirty seconds of real time.
      { clock: hastyClock(200), overrides: { requestTimeoutMilliseconds: 6_000_000 } },
    );
    const abort = new AbortController();
    cleanup.add(() => abort.abort());
    const buffer = new LogBuffer(2 ** 30);
    const received = await Promise.all(
      logs.map((_, index) => {
        const query: LogQuery = {
          namespace: "default",
          pod: `pod-${index}`,
          container: "main",
          containerId: "c://1",
          follow: true,
          ...(tailLines === undefined ? {} : { tailLines }),
        };
        const lines: string[] = [];
        return new Promise<string[]>((resolve, reject) => {
          cluster.logs(
            query,
            {
              lines: (batch) => {
                const { bytes, starts, ends } = batch;
                for (const [line, start] of starts.entries()) lines.push(bytes.toString("latin1", start, ends[line]));
                buffer.add([{ source: index, batch }]);
                return undefined;
              },
              interrupted: () => undefined,
              ended: () => resolve(lines),
              failed: reject,
            },
            abort.signal,
          );
        });
      }),
    );
    const held: string[][] = logs.map(() => []);
    let last = 0;
    for (let index = 0; index < buffer.length; index += 1) {
      const { time, text, source } = buffer.at(index);
      held[source]?.push(`${time} ${text}`);
      expect(buffer.keyAt(index)).toBeGreaterThanOrEqual(last);
      last = buffer.keyAt(index);
    }
    for (const [index, lines] of received.entries()) {
      const written = linesIn(logs[index] ?? []).slice(-(tailLines ?? 0));
      expect(lines.length, `lines of log ${index}`).toBe(written.length);
      expect(lines).toEqual(written);
      // Held in the order of their times, those of one moment as they were written.
      const byTime = written
        .map((line) => Buffer.from(line, "latin1").toString("utf8"))
        .toSorted((left, right) => timeKey(left.slice(0, 30)) - timeKey(right.slice(0, 30)));
      expect(held[index]).toEqual(byTime);
    }
    expect(broken).toBeGreaterThan(200);
  },
);
