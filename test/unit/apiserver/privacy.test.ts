import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import { startEngine, type Engine } from "../../../src/embedded/engine.ts";
import { directoryAt } from "../../../src/embedded/lifecycle/cluster-directory.ts";
import { lockEngine } from "../../../src/embedded/lifecycle/engine-lock.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { asString, at } from "../../../src/lib/kube/object.ts";
import { createLogger } from "../../../src/lib/log.ts";
import { Cleanup } from "../../support/cluster-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const SECRET = "hunter2-hunter2";

interface Started {
  readonly engine: Engine;
  readonly directory: string;
  readonly lines: readonly string[];
}

/** An engine that logs everything, in a directory made under a careless umask. */
async function start(): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), "kelpie-test-"));
  const lines: string[] = [];
  const logger = createLogger("debug", (line) => lines.push(line));
  const engine = await startEngine({ directory, name: "test", port: 0, clock: systemClock, logger, withNode: false });
  cleanup.add(async () => {
    await engine.stop({ endPods: true });
    rmSync(directory, { recursive: true, force: true });
  });
  return { engine, directory, lines };
}

function call({ port, pki }: Engine, path: string, body: string, authorization?: string): Promise<string> {
  const { certificate: cert, key } = pki.admin;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        host: "127.0.0.1",
        path,
        method: "POST",
        ca: pki.ca.certificate,
        agent: false,
        headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
        ...(authorization === undefined ? { cert, key } : {}),
      },
      (response) => {
        text(response).then(resolve, reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

it("No log line holds a secret, a token or a key, whether requests succeed or fail", async () => {
  const { engine, lines } = await start();
  const secrets = "/api/v1/namespaces/default/secrets";
  await call(engine, secrets, JSON.stringify({ metadata: { name: "s" }, stringData: { password: SECRET } }));
  await call(engine, secrets, `{"stringData": {"password": ${SECRET}`);
  await call(engine, secrets, JSON.stringify({ metadata: { name: "s2" }, stringData: SECRET }));
  await call(engine, `${secrets}?token=${SECRET}`, `${'{"a":'.repeat(200_000)}"${SECRET}"${"}".repeat(200_000)}`);
  await call(engine, secrets, "{}", `Bearer ${SECRET}`);
  await call(engine, "/api/v1/namespaces/default/serviceaccounts", '{"metadata":{"name":"robot"}}');
  const answer = await call(engine, "/api/v1/namespaces/default/serviceaccounts/robot/token", '{"spec":{}}');
  const token = asString(at(JSON.parse(answer), "status", "token"));
  expect(token).toMatch(/^ey/);
  await call(engine, secrets, "{}", `Bearer ${token}`);
  const log = lines.join("\n");
  expect(log).toContain("the API server is ready");
  const encoded = Buffer.from(SECRET).toString("base64");
  for (const hidden of [SECRET, encoded, token, token.split(".")[2] ?? "", "PRIVATE KEY"]) {
    expect(log).not.toContain(hidden);
  }
});

it("Every file of a cluster is its owner's alone", async () => {
  const before = process.umask(0);
  cleanup.add(() => void process.umask(before));
  const { directory } = await start();
  cleanup.add(lockEngine(directoryAt(directory, "test")));
  const entries = readdirSync(directory, { recursive: true, encoding: "utf8" });
  expect(entries).toEqual(expect.arrayContaining(["state.db", "state.db-wal", "engine.lock", join("pki", "ca.key")]));
  for (const entry of entries) expect(statSync(join(directory, entry)).mode & 0o077, entry).toBe(0);
});
