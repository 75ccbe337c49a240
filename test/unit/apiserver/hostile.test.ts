import { once } from "node:events";
import { request as requestHttps } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { issueCertificate } from "../../../src/embedded/pki/certificate.ts";
import { apiClient } from "../../support/api-client.ts";
import { startEmbeddedCluster, type EmbeddedCluster } from "../../support/embedded-cluster.ts";

let cluster: EmbeddedCluster;
let api: ReturnType<typeof apiClient>;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  api = apiClient(cluster);
});
afterAll(() => cluster.dispose());

async function connectRaw(): Promise<TLSSocket> {
  const { certificate: cert, key } = cluster.admin;
  const socket = connect({ port: cluster.port, host: "127.0.0.1", ca: cluster.caCertificate, cert, key });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** The answer to bytes as they stand, read until the server ends the connection. */
async function sendRaw(text: string): Promise<string> {
  const socket = await connectRaw();
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(text);
  await once(socket, "close");
  return answer;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
}

describe("paths", () => {
  it("never takes an empty namespace or name for all of them", async () => {
    const body = { metadata: { name: "precious" } };
    await api.call("/api/v1/namespaces/default/configmaps", { method: "POST", body });
    for (const path of ["/api/v1/namespaces//configmaps", "/api/v1/namespaces//configmaps/precious"]) {
      expect((await api.call(path, { method: "DELETE" })).code, path).toBe(404);
      expect((await api.call(path)).code, path).toBe(404);
    }
    expect((await api.call("/api/v1/namespaces/default/configmaps/precious")).code).toBe(200);
  });

  it.each([
    "/api/v1/namespaces/default/pods/..",
    "/api/v1/namespaces/default/pods/%2e%2e",
    "/api/v1/namespaces/default/pods/.%2E/configmaps/x",
    "/api/v1/namespaces/./default",
  ])("does not climb: DELETE %s", async (path) => {
    const answer = await sendRaw(get(path).replace("GET", "DELETE"));
    expect(answer.split("\r\n")[0]).toBe("HTTP/1.1 400 Bad Request");
    const { body } = await api.call("/api/v1/namespaces/default");
    expect(body.metadata.deletionTimestamp).toBeUndefined();
  });

  it.each(["/%", "/api/v1/namespaces/%ff/pods", "/api/v1/namespaces/a%2f..%2fb/pods/x", "http://elsewhere/api"])(
    "answers %s with a refusal",
    async (path) => {
      const [line = ""] = (await sendRaw(get(path))).split("\r\n");
      expect(line).toMatch(/^HTTP\/1\.1 40[04] /);
    },
  );

  it("reads a long selector, and tells a request that is far too long so", async () => {
    const values = Array.from({ length: 4000 }, (_, index) => `value-${index}`).join(",");
    const long = await api.call(`/api/v1/pods?labelSelector=app%20in%20(${values})`);
    expect(long.code).toBe(200);
    expect(await sendRaw(get(`/${"x".repeat(2 ** 20)}`))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await sendRaw("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("is not slowed down by slashes", async () => {
    const before = process.cpuUsage();
    expect((await api.call(`/${"/".repeat(500_000)}x`)).code).toBe(404);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});

describe("bodies", () => {
  it("refuses one without an announced length above 3 MiB, and the client hears it", async () => {
    const { certificate: cert, key } = cluster.admin;
    const sent = requestHttps(`${cluster.url}/api/v1/namespaces/default/configmaps`, {
      method: "POST",
      ca: cluster.caCertificate,
      cert,
      key,
      agent: false,
      headers: { "content-type": "application/json" },
    });
    sent.on("error", () => undefined);
    const answered = once(sent, "response");
    const chunk = "x".repeat(2 ** 20);
    for (let count = 0; count < 6; count += 1) sent.write(chunk);
    const [response] = await answered;
    expect(response.statusCode).toBe(413);
    response.resume();
    sent.destroy();
  });

  it("refuses an announced length above 3 MiB before the body comes", async () => {
    const head = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\n";
    const answer = await sendRaw(`${head}Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("warns of fields whose names no header can carry, and of thousands of them, in bounds", async () => {
    const unknown = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`поле-${index}\n`, 1]));
    const body = { metadata: { name: "warned" }, ...unknown };
    const answer = await api.call("/api/v1/namespaces/default/configmaps", { method: "POST", body });
    expect(answer.code, answer.text).toBe(201);
    const warning = String(answer.headers["warning"]);
    expect(warning).toMatch(/^299 - "unknown field/);
    expect(warning.length).toBeLessThan(16_384);
  });

  it.each([
    ["nesting without end", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, "application/json"],
    ["aliases that multiply", billionLaughs(), "application/yaml"],
    ["protobuf that is none", "k8s\0\xff\xff\xff\xff", "application/vnd.kubernetes.protobuf"],
    ["a prototype", '{"metadata":{"name":"proto"},"__proto__":{"polluted":1}}', "application/json"],
  ])("outlives %s", async (_, body, type) => {
    await api.call("/api/v1/namespaces/default/configmaps", {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect((await api.call("/readyz")).code).toBe(200);
  });

  it.each([1e300, -5])("deletes with a grace period of %d seconds without failing", async (gracePeriodSeconds) => {
    const body = {
      metadata: { name: "graceful" },
      spec: { nodeName: "n1", containers: [{ name: "c", image: "localhost/host" }] },
    };
    const created = await api.call("/api/v1/namespaces/default/pods", { method: "POST", body });
    expect(created.code, created.text).toBe(201);
    const path = "/api/v1/namespaces/default/pods/graceful";
    const answer = await api.call(path, { method: "DELETE", body: { gracePeriodSeconds } });
    expect(answer.code, answer.text).toBeLessThan(500);
    await api.call(path, { method: "DELETE", body: { gracePeriodSeconds: 0 } });
    expect((await api.call(path)).code).toBe(404);
  });
});

function billionLaughs(): string {
  const lines = ["a0: &a0 [x, x]"];
  for (let level = 1; level < 30; level += 1) lines.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
  return lines.join("\n");
}

describe("watches", () => {
  it("are none for HEAD: the answer ends", async () => {
    const head = get("/api/v1/configmaps?watch=true").replace("GET", "HEAD").replace("Connection: close\r\n", "");
    const socket = await connectRaw();
    socket.write(head + get("/version"));
    let answer = "";
    for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
    expect(answer).toContain("gitVersion");
  });

  it("do not end at once when they are to last for months", async () => {
    const watch = await api.watch("/api/v1/configmaps?watch=true&timeoutSeconds=9000000");
    expect((await watch.next()).type).toBe("ADDED");
    const name = "after-a-while";
    await api.call("/api/v1/namespaces/default/configmaps", { method: "POST", body: { metadata: { name } } });
    for (;;) if ((await watch.next()).object.metadata.name === name) break;
    watch.stop();
  });

  it("leave nothing behind when their clients go before, while and after they begin", async () => {
    const { store } = cluster.registry;
    const watch = store.watch.bind(store);
    let watchers = 0;
    store.watch = (...parameters) => {
      const watching = watch(...parameters);
      if ("oldest" in watching) return watching;
      watchers += 1;
      return {
        stop: () => {
          watchers -= 1;
          watching.stop();
        },
      };
    };
    const sockets = await Promise.all(Array.from({ length: 40 }, () => connectRaw()));
    for (const [index, socket] of sockets.entries()) {
      // A write keeps the store unsettled, so that the watch has to wait for the disk.
      const write = api.call("/api/v1/namespaces/default/configmaps", {
        method: "POST",
        body: { metadata: { generateName: "busy-" } },
      });
      socket.write(get("/api/v1/configmaps?watch=true"));
      if (index % 2 === 0) socket.destroy();
      await write;
    }
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => watchers).toBe(0);
    store.watch = watch;
  });

  it("are ended when their clients do not read", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    await api.call(path, { method: "POST", body: { metadata: { name: "growing" } } });
    const socket = await connectRaw();
    socket.write(get(`${path}?watch=true&fieldSelector=metadata.name%3Dgrowing`));
    await once(socket, "readable");
    for (let count = 0; count < 60; count += 1) {
      const text = String.fromCodePoint(97 + (count % 26)).repeat(2 ** 20);
      const key = { namespace: "default", name: "growing" };
      await cluster.registry.patch(RESOURCES.configmaps, key, "merge", { data: { text } });
    }
    // What the kernel holds for it comes before the end.
    socket.resume();
    if (!socket.closed) await once(socket, "close");
    expect(socket.bytesRead).toBeLessThan(59 * 2 ** 20);
    await api.call(`${path}/growing`, { method: "DELETE" });
  });

  it("send more at their begin than a slow reader may leave unread", async () => {
    const data = { text: "x".repeat(2 ** 20) };
    const path = "/api/v1/namespaces/kube-public/configmaps";
    await api.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "kube-public" } } });
    for (let count = 0; count < 40; count += 1) {
      await cluster.registry.create(RESOURCES.configmaps, "kube-public", {
        metadata: { name: `large-${count}` },
        data,
      });
    }
    const watch = await api.watch(`${path}?watch=true`);
    const names = new Set<string>();
    while (names.size < 40) {
      const next = await Promise.race([watch.next(), watch.ended]);
      if (next === undefined) break;
      names.add(next.object.metadata.name);
    }
    watch.stop();
    expect(names.size).toBe(40);
    await api.call(path, { method: "DELETE" });
  });
});

describe("who asks", () => {
  it.each([
    ["a certificate of another authority", () => otherAuthority()],
    ["a certificate of the server itself", () => serverCertificate()],
  ])("is not known by %s", async (_, make) => {
    const pair = make();
    const answer = await new Promise<number>((resolve) => {
      const sent = requestHttps(
        `${cluster.url}/api/v1/pods`,
        { ca: cluster.caCertificate, cert: pair.certificate, key: pair.key, agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on("error", () => resolve(0));
      sent.end();
    });
    expect([0, 401]).toContain(answer);
  });

  it.each(["", ".", "..", "a.b.c", "a.b.", `${"x".repeat(10_000)}.y.z`, "eyJhbGciOiJub25lIn0.e30."])(
    "is not known by the token %s",
    async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      expect((await api.call("/api/v1/pods", { asAdmin: false, headers })).code).toBe(401);
    },
  );
});

function otherAuthority(): { certificate: string; key: string } {
  const now = Date.now();
  const subject = { commonName: "kelpie-ca", organizations: [] };
  const ca = issueCertificate({ subject, use: "ca", days: 1, now });
  const admin = { commonName: "kelpie-admin", organizations: ["system:masters"] };
  return issueCertificate({ subject: admin, use: "client", days: 1, now }, ca);
}

function serverCertificate(): { certificate: string; key: string } {
  const now = Date.now();
  const subject = { commonName: "kube-apiserver", organizations: ["system:masters"] };
  return issueCertificate({ subject, use: "server", names: ["localhost"], days: 1, now }, cluster.ca);
}
