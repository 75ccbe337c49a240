import { chmod, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { issueCertificate, type KeyPair } from "../../../src/embedded/pki/certificate.ts";
import { Cleanup, eventually, openKubeconfig, temporaryDirectory } from "../../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../../support/fake-api-server.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const DAY = 86_400_000;
const subject = (commonName: string) => ({ commonName, organizations: [] });
const authority = (now = Date.now()): KeyPair =>
  issueCertificate({ subject: subject("test-ca"), use: "ca", days: 10, now });
const certificate = (ca: KeyPair, names: readonly string[], now = Date.now(), days = 10): KeyPair =>
  issueCertificate({ subject: subject("server"), use: "server", names, days, now }, ca);

async function serve(pair: KeyPair, ca: KeyPair): Promise<FakeApiServer> {
  const server = await startFakeApiServer({
    pods: 1,
    tls: { key: pair.key, cert: pair.certificate, clientCa: ca.certificate },
  });
  cleanup.add(() => server.close());
  return server;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function open(
  server: FakeApiServer,
  ca: KeyPair | undefined,
  extra: Partial<Parameters<typeof fakeKubeconfig>[0]> = {},
): Promise<Cluster> {
  return openKubeconfig(
    cleanup,
    fakeKubeconfig({ server: server.url, ...(ca === undefined ? {} : { ca: ca.certificate }), ...extra }),
  );
}

const outcome = (cluster: Cluster): Promise<unknown> =>
  eventually(cluster.status, ({ state }) => state !== "connecting");

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Makes a proxy of an HTTP server, which leads to one place only. @returns its port */
function proxyTo(server: FakeApiServer, proxy: Server): Promise<number> {
  proxy.on("connect", (_request: IncomingMessage, client: Duplex) => {
    const upstream = connect(server.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
    client.on("close", () => upstream.destroy());
  });
  return listening(proxy);
}

describe("a TLS connection", () => {
  it("presents the client certificate, for requests and for sessions", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["127.0.0.1"]), ca);
    const client = issueCertificate({ subject: subject("jane"), use: "client", days: 1, now: Date.now() }, ca);
    const cluster = await open(server, ca, {
      user: { "client-certificate-data": base64(client.certificate), "client-key-data": base64(client.key) },
    });
    expect(await outcome(cluster)).toMatchObject({ state: "connected" });
    const session = await cluster.exec({
      namespace: "default",
      pod: "p",
      container: "c",
      command: ["sh"],
      tty: true,
      stdin: true,
    });
    session.close();
    expect(new Set(server.requests.map(({ clientName }) => clientName))).toEqual(new Set(["jane"]));
  });

  it("takes a renewed client certificate of a plugin, and a watch outlives the old one", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["127.0.0.1"]), ca);
    const directory = await temporaryDirectory(cleanup);
    const plugin = join(directory, "login");
    const answer = async (name: string): Promise<void> => {
      const client = issueCertificate({ subject: subject(name), use: "client", days: 1, now: Date.now() }, ca);
      const credential = {
        kind: "ExecCredential",
        apiVersion: "client.authentication.k8s.io/v1",
        status: { clientCertificateData: client.certificate, clientKeyData: client.key },
      };
      await writeFile(plugin, `#!${process.execPath}\nconsole.log(${JSON.stringify(JSON.stringify(credential))})`);
      await chmod(plugin, 0o700);
    };
    await answer("old");
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
    const cluster = await open(server, ca, { user: { exec } });
    expect(await outcome(cluster)).toMatchObject({ state: "connected" });
    const store = cluster.store({ resource: server.resource("pods"), namespace: "", form: "objects" });
    cleanup.add(store.subscribe(() => undefined));
    await server.until(() => server.watchCount === 1);
    await answer("new");
    server.intercept(({ clientName }) =>
      clientName === "old" ? { kind: "status", code: 401, message: "the certificate was revoked" } : undefined,
    );
    await expect(cluster.list(server.resource("nodes"), {})).resolves.toHaveLength(3);
    expect(server.requests.at(-1)?.clientName).toBe("new");
    expect(server.watchCount).toBe(1);
  });

  it.each([
    ["itself", "its certificate is self-signed and not trusted", undefined],
    ["an unknown authority", /unknown authority|self-signed/, undefined],
    ["another authority", /unknown authority|not signed by the authority/, authority()],
  ])("to a server with a certificate signed by %s says so", async (name, message, trusted) => {
    const ca = authority();
    const own = issueCertificate({
      subject: subject("server"),
      use: "server",
      names: ["127.0.0.1"],
      days: 1,
      now: Date.now(),
    });
    const server = await serve(name === "itself" ? own : certificate(ca, ["127.0.0.1"]), ca);
    const cluster = await open(server, trusted);
    expect(await outcome(cluster)).toMatchObject({
      state: "unreachable",
      error: { fault: "tls", message: expect.stringMatching(message), hint: expect.any(String) },
    });
    expect(server.requests).toEqual([]);
  });

  it("to a server whose certificate has expired says so", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["127.0.0.1"], Date.now() - 30 * DAY, 2), ca);
    expect(await outcome(await open(server, ca))).toMatchObject({
      error: { message: expect.stringContaining("has expired") },
    });
  });

  it("to a server of another name fails, unless tls-server-name tells the name", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["api.example"]), ca);
    expect(await outcome(await open(server, ca))).toMatchObject({
      error: {
        message: expect.stringContaining("another host name"),
        hint: expect.stringContaining("tls-server-name"),
      },
    });
    const named = await open(server, ca, { cluster: { "tls-server-name": "api.example" } });
    expect(await outcome(named)).toMatchObject({ state: "connected" });
  });

  it("checks nothing where the kubeconfig says so", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["other"]), ca);
    const cluster = await open(server, undefined, { cluster: { "insecure-skip-tls-verify": true } });
    expect(await outcome(cluster)).toMatchObject({ state: "connected" });
  });

  it("goes through a proxy and still checks the certificate of the server", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["api.example"]), ca);
    const port = await proxyTo(server, createServer());
    const through = { cluster: { "proxy-url": `http://127.0.0.1:${port}` } };
    const good = await open(server, ca, { ...through, server: "https://api.example:6443" });
    expect(await outcome(good)).toMatchObject({ state: "connected" });
    const bad = await open(server, ca, { ...through, server: "https://other.example:6443" });
    expect(await outcome(bad)).toMatchObject({ error: { message: expect.stringContaining("another host name") } });
    good.close();
    bad.close();
  });

  it("checks the certificate of a proxy that speaks TLS, with the authority of the cluster, too", async () => {
    const ca = authority();
    const server = await serve(certificate(ca, ["127.0.0.1"]), ca);
    const proxies = [ca, authority()].map((issuer) => certificate(issuer, ["127.0.0.1"]));
    const [known = 0, unknown = 0] = await Promise.all(
      proxies.map(({ key, certificate: cert }) => proxyTo(server, createTlsServer({ key, cert }))),
    );
    const through = (port: number) => ({ cluster: { "proxy-url": `https://127.0.0.1:${port}` } });
    const good = await open(server, ca, through(known));
    expect(await outcome(good)).toMatchObject({ state: "connected" });
    const bad = await open(server, ca, through(unknown));
    expect(await outcome(bad)).toMatchObject({
      error: {
        fault: "proxy",
        message: expect.stringMatching(/cannot reach the proxy 127\.0\.0\.1:\d+: its certificate/),
      },
    });
    good.close();
    bad.close();
  });

  it("whose server ends it for want of a client certificate says so", async () => {
    const ca = authority();
    const { key, certificate: cert } = certificate(ca, ["127.0.0.1"]);
    const server = createTlsServer({ key, cert, ca: ca.certificate, requestCert: true, rejectUnauthorized: true });
    const url = `https://127.0.0.1:${await listening(server)}`;
    const cluster = await openKubeconfig(cleanup, fakeKubeconfig({ server: url, ca: ca.certificate }));
    expect(await outcome(cluster)).toMatchObject({
      error: { fault: "tls", message: expect.stringContaining("it wants a client certificate") },
    });
  });

  it.each([
    [
      "a certificate without its key",
      { "client-certificate-data": base64("-----BEGIN CERTIFICATE-----") },
      /without its key/,
    ],
    [
      "a certificate that is not PEM",
      { "client-certificate-data": "bm8=", "client-key-data": "bm8=" },
      /not PEM in base64/,
    ],
    [
      "a certificate file that is not there",
      { "client-certificate": "/nonexistent/me.crt" },
      /cannot read the client certificate \/nonexistent\/me.crt/,
    ],
  ])("with %s says so", async (_name, user, message) => {
    const ca = authority();
    const server = await serve(certificate(ca, ["127.0.0.1"]), ca);
    expect(await outcome(await open(server, ca, { user }))).toMatchObject({
      state: "unreachable",
      error: { message: expect.stringMatching(message) },
    });
  });
});
