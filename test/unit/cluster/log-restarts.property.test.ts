import { createServer, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import type { Cluster, LogQuery } from "../../../src/cluster/cluster.ts";
import { Cleanup, openKubeconfig } from "../../support/cluster-fixture.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { seeded } from "../../support/hostile-objects.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const BEGIN = Date.parse("2026-01-01T00:00:00Z");

interface Line {
  /** Milliseconds since {@link BEGIN}. */
  readonly at: number;
  readonly text: string;
}

/** A container on its node: what its instances wrote, and what the API server knows of it. */
interface Container {
  readonly lines: readonly Line[];
  readonly next: readonly Line[];
  /** How many lines are written so far: the clock may be set back before any of them. */
  written: number;
  breaks: number;
  replaced: boolean;
  /** How often the API server still tells of the instance before. */
  late: number;
}

/** Set back by ten seconds at most, which is what a break may hide. */
function writeLines(random: () => number, name: string, count: number, from: number): Line[] {
  let at = from;
  let back = 10_000;
  return Array.from({ length: count }, (_, index) => {
    const by = random() < 0.02 ? Math.floor(random() * back) : 0;
    back -= by;
    at -= by;
    if (by === 0 && random() < 0.6) at += Math.floor(random() * 400);
    return { at, text: `${name} ${index}` };
  });
}

function bytesOf(lines: readonly Line[], since: string | null): Buffer {
  const from = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since) - BEGIN;
  const sent = lines.filter(({ at }) => at >= from);
  return Buffer.from(sent.map(({ at, text }) => `${new Date(BEGIN + at).toISOString()} ${text}\n`).join(""));
}

function statusOf({ replaced, late }: Container): string {
  const now = replaced && late === 0;
  const lastState = now ? { terminated: { containerID: "c://1" } } : {};
  const container = { name: "main", containerID: now ? "c://2" : "c://1", state: { running: {} }, lastState };
  return JSON.stringify({ status: { containerStatuses: [container] } });
}

/** Sends some of what a log holds, then ends, breaks, or goes on as long as somebody listens. */
function answer(container: Container, url: URL, response: ServerResponse, random: () => number): void {
  const since = url.searchParams.get("sinceTime");
  response.writeHead(200, { "Content-Type": "text/plain" });
  if (url.searchParams.has("previous")) {
    response.end(bytesOf(container.lines, since));
    return;
  }
  if (container.replaced) {
    response.write(bytesOf(container.next, since));
    return;
  }
  const before = container.written;
  container.written = Math.min(container.lines.length, before + Math.ceil((random() * container.lines.length) / 3));
  const tail = url.searchParams.get("tailLines");
  const skipped = tail === null ? 0 : Math.max(0, before - Number(tail));
  const bytes = bytesOf(container.lines.slice(skipped, container.written), since);
  container.breaks -= 1;
  const over = container.breaks <= 0;
  if (over) {
    container.replaced = true;
    container.late = Math.floor(random() * 4);
  }
  // The last words may be still to come when a stream breaks.
  if (random() < 0.5 && container.written === container.lines.length) response.end(bytes);
  else {
    // A container that was never heard cannot be told from the one after it.
    const first = bytes.indexOf("\n") + 1;
    const cut = first + Math.floor((bytes.length - first) * random());
    response.write(bytes.subarray(0, cut), () => response.socket?.end());
  }
}

async function serve(containers: readonly Container[], random: () => number): Promise<Cluster> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const match = /\/pods\/pod-(\d+)(\/log)?$/.exec(url.pathname);
    const container = containers[Number(match?.[1])];
    if (match === null || container === undefined) response.writeHead(404).end();
    else if (match[2] !== undefined) answer(container, url, response, random);
    else {
      response.setHeader("Content-Type", "application/json");
      response.end(statusOf(container));
      if (container.replaced) container.late = Math.max(0, container.late - 1);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanup.add(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return openKubeconfig(
    cleanup,
    fakeKubeconfig({ server: `http://127.0.0.1:${port}` }),
    // Requests are given thirty seconds of real time.
    { clock: hastyClock(200), overrides: { requestTimeoutMilliseconds: 6_000_000 } },
  );
}

function read(cluster: Cluster, pod: string): Promise<{ readonly texts: string[]; readonly keys: number[] }> {
  const query: LogQuery = { namespace: "default", pod, container: "main", containerId: "c://1", follow: true };
  const abort = new AbortController();
  cleanup.add(() => abort.abort());
  const texts: string[] = [];
  const keys: number[] = [];
  return new Promise((resolve, reject) => {
    cluster.logs(
      query,
      {
        lines: (batch) => {
          for (const { text } of batch) texts.push(text);
          keys.push(...batch.keys);
          return undefined;
        },
        interrupted: () => undefined,
        ended: () => resolve({ texts, keys }),
        failed: reject,
      },
      abort.signal,
    );
  });
}

test("An instance is read to its end and no further, though its clock is set back, streams break and its status is late", async () => {
  const random = seeded(20_261_128);
  const containers = Array.from({ length: 60 }, (): Container => {
    const lines = writeLines(random, "one", 5 + Math.floor(random() * 200), 20_000);
    const next = writeLines(random, "two", Math.floor(random() * 20), (lines.at(-1)?.at ?? 0) + 9000);
    return { lines, next, written: 0, breaks: 1 + Math.floor(random() * 6), replaced: false, late: 0 };
  });
  const cluster = await serve(containers, random);
  const received = await Promise.all(containers.map((_, index) => read(cluster, `pod-${index}`)));
  for (const [index, { texts, keys }] of received.entries()) {
    expect(texts, `log ${index}`).toEqual(containers[index]?.lines.map(({ text }) => text));
    // Whatever the clock did, lines of a container stay in their order among others.
    expect(keys).toEqual(keys.toSorted((left, right) => left - right));
  }
});
