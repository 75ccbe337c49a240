import { connect as connectTcp, isIP, BlockList, type Socket } from "node:net";
import { connect as connectTls, rootCertificates } from "node:tls";
import type { Duplex } from "node:stream";
import type { Clock } from "../lib/clock.ts";
import { ConnectionError, connectionReason } from "./connection-error.ts";
import { KubeconfigError } from "./kubeconfig.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy to use for a server: `proxy-url` of the cluster, else `HTTPS_PROXY`/`HTTP_PROXY` unless `NO_PROXY` excludes
 * the host (golang.org/x/net/http/httpproxy, which client-go uses).
 * @throws KubeconfigError where the proxy is not a URL of a known scheme
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, env: Environment): URL | undefined {
  if (proxyUrl !== undefined && proxyUrl !== "") return parseProxy(proxyUrl, "proxy-url of the cluster");
  const name = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = env[name] || env[name.toLowerCase()] || "";
  if (value === "" || bypassesProxy(server, env["NO_PROXY"] || env["no_proxy"] || "")) return undefined;
  return parseProxy(value, `$${name}`);
}

const PROXY_HINT = "check proxy-url of the cluster, HTTPS_PROXY and NO_PROXY";

function parseProxy(value: string, source: string): URL {
  const url = value.includes("://") ? value : `http://${value}`;
  if (!URL.canParse(url) || !/^(?:https?|socks5h?):$/.test(new URL(url).protocol)) {
    throw new KubeconfigError(`${source} is not a proxy: ${value.replace(/\/\/[^@/]*@/, "//***@")}`, {
      hint: "expected http://host:port, https://host:port or socks5://host:port",
    });
  }
  return new URL(url);
}

function bypassesProxy(server: URL, list: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || (isIP(host) !== 0 && isLoopback(host))) return true;
  return list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matchesNoProxy(entry, host, port));
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function matchesNoProxy(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const network = /^(.+)\/(\d+)$/.exec(entry);
  if (network !== null) return inNetwork(network[1] ?? "", Number(network[2]), host);
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, "");
  if (isIP(name) !== 0) return name === host;
  const domain = name.replace(/^\*/, "");
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(address: string, prefix: number, host: string): boolean {
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  if (prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, prefix, kind);
  return list.check(host, kind);
}

/** A proxy, and what its certificate is checked with where it speaks TLS: as in client-go, that of the cluster. */
export interface ProxyOptions {
  readonly url: URL;
  /** PEM text. */
  readonly ca?: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
}

const PROXY_TIMEOUT_MILLISECONDS = 20_000;

/** Opens a tunnel to the server through a proxy; the stream is the bare connection, before TLS. */
export async function connectThrough(
  { url: proxy, ca, insecureSkipTlsVerify }: ProxyOptions,
  host: string,
  port: number,
  clock: Clock,
): Promise<Duplex> {
  const socket = openSocket(proxy, ca, insecureSkipTlsVerify);
  const cancel = clock.after(PROXY_TIMEOUT_MILLISECONDS, () => socket.destroy(new Error("no answer in time")));
  try {
    await connected(socket, proxy);
    if (proxy.protocol.startsWith("socks5")) await socksConnect(socket, proxy, host, port);
    else await httpConnect(socket, proxy, host, port);
    // Whoever takes it speaks first: nothing can come before there is a reader.
    socket.resume();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    cancel();
  }
}

function openSocket(proxy: URL, ca: string | undefined, insecureSkipTlsVerify: boolean): Socket {
  const secure = proxy.protocol === "https:";
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  const port = Number(proxy.port || (secure ? 443 : proxy.protocol === "http:" ? 80 : 1080));
  const tls = {
    host,
    port,
    servername: isIP(host) ? "" : host,
    rejectUnauthorized: !insecureSkipTlsVerify,
    // A proxy of the company has a certificate of a public authority, or of the one beside the proxy-url.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
  };
  const socket = secure ? connectTls(tls) : connectTcp(port, host);
  // Between two readers there is a moment when nobody else listens; `close` tells the next one.
  return socket.on("error", () => undefined);
}

function connected(socket: Socket, proxy: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(
        new ConnectionError("proxy", `cannot reach the proxy ${proxy.host}: ${connectionReason(error)}`, {
          cause: error,
          hint: PROXY_HINT,
        }),
      );
    };
    socket.once("error", fail);
    socket.once(proxy.protocol === "https:" ? "secureConnect" : "connect", () => {
      socket.off("error", fail);
      resolve();
    });
  });
}

/** Collects bytes until `complete` says how many of them make the answer; the rest is given back to the stream. */
function readAnswer(socket: Socket, proxy: URL, complete: (bytes: Buffer) => number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const settle = (): void => {
      socket.off("data", onData);
      socket.off("error", onError);
      socket.off("close", onClose);
      socket.pause();
    };
    const onError = (error: Error): void => {
      settle();
      const message = `the proxy ${proxy.host} failed: ${connectionReason(error)}`;
      reject(new ConnectionError("proxy", message, { cause: error, hint: PROXY_HINT }));
    };
    const onClose = (): void => onError(new Error("the connection was cut"));
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const length = complete(bytes);
      if (length === 0 && bytes.length < 65_536) return;
      settle();
      if (bytes.length > length) socket.unshift(bytes.subarray(length));
      resolve(bytes.subarray(0, length));
    };
    socket.on("data", onData);
    socket.once("error", onError);
    socket.once("close", onClose);
    socket.resume();
  });
}

async function httpConnect(socket: Socket, proxy: URL, host: string, port: number): Promise<void> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const login =
    proxy.username === ""
      ? ""
      : `Proxy-Authorization: Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString("base64")}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
  const answer = await readAnswer(socket, proxy, (bytes) => {
    const end = bytes.indexOf("\r\n\r\n");
    return end === -1 ? 0 : end + 4;
  });
  const line = answer.toString("latin1").split("\r\n")[0] ?? "";
  const [, code, words = ""] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line) ?? [];
  if (code === "200") return;
  const fail = (what: string, hint = PROXY_HINT): ConnectionError =>
    new ConnectionError("proxy", `the proxy ${proxy.host} ${what}`, { hint });
  if (code === undefined) throw fail("does not speak HTTP");
  if (code === "407" && login === "") {
    throw fail("wants a user and a password (407)", "put them in its URL: http://user:password@host:port");
  }
  if (code === "407") throw fail("does not accept the user and password of its URL (407)");
  throw fail(`refused the connection to ${authority}: ${code} ${words}`.trimEnd());
}

/** RFC 1928, 6. */
const SOCKS_FAULTS: Readonly<Record<number, string>> = {
  2: "its rules do not allow it",
  3: "it finds no route to the network",
  4: "it finds no route to the host",
  5: "the connection was refused",
};

/** RFC 1928, with the user and password of RFC 1929; the proxy resolves the name. */
async function socksConnect(socket: Socket, proxy: URL, host: string, port: number): Promise<void> {
  const fail = (reason: string): ConnectionError =>
    new ConnectionError("proxy", `the proxy ${proxy.host} refused the connection to ${host}:${port}: ${reason}`, {
      hint: PROXY_HINT,
    });
  const fixed = (length: number) => (bytes: Buffer) => (bytes.length >= length ? length : 0);
  const login = proxy.username !== "";
  socket.write(Buffer.from(login ? [5, 2, 0, 2] : [5, 1, 0]));
  const [version, method] = await readAnswer(socket, proxy, fixed(2));
  if (version !== 5) {
    throw new ConnectionError("proxy", `the proxy ${proxy.host} does not speak SOCKS 5`, { hint: PROXY_HINT });
  }
  if (method === 2) {
    const user = Buffer.from(decodeURIComponent(proxy.username));
    const password = Buffer.from(decodeURIComponent(proxy.password));
    socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    if ((await readAnswer(socket, proxy, fixed(2)))[1] !== 0) throw fail("wrong user or password");
  } else if (method !== 0)
    throw fail(method === 255 && !login ? "it wants a user and a password" : "it asks for an unknown way to log in");
  const name = Buffer.from(host);
  const request = Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.alloc(2)]);
  request.writeUInt16BE(port, request.length - 2);
  socket.write(request);
  const answer = await readAnswer(socket, proxy, (bytes) => {
    if (bytes.length < 5) return 0;
    const length = bytes[3] === 1 ? 10 : bytes[3] === 4 ? 22 : 7 + (bytes[4] ?? 0);
    return bytes.length >= length ? length : 0;
  });
  if (answer[1] !== 0) throw fail(SOCKS_FAULTS[answer[1] ?? 0] ?? `SOCKS error ${answer[1]}`);
}
