import { readFileSync } from "node:fs";
import { Agent, request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { asString, at } from "../../src/lib/kube/object.ts";
import { parseYaml } from "../../src/lib/yaml.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";

/** Where an API server is and with what it is spoken to. */
export type ApiEndpoint = Pick<EmbeddedCluster, "url" | "caCertificate" | "admin">;

/** The endpoint of a kubeconfig that the command line has written. */
export function endpointOf(kubeconfig: string): ApiEndpoint {
  const config = parseYaml(readFileSync(kubeconfig, "utf8"));
  const decode = (...path: ReadonlyArray<string | number>): string =>
    Buffer.from(asString(at(config, ...path)), "base64").toString();
  return {
    url: asString(at(config, "clusters", 0, "cluster", "server")),
    caCertificate: decode("clusters", 0, "cluster", "certificate-authority-data"),
    admin: {
      certificate: decode("users", 0, "user", "client-certificate-data"),
      key: decode("users", 0, "user", "client-key-data"),
    },
  };
}

export interface ApiAnswer {
  readonly code: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** Parsed, where it is JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of an API are looked into by tests only
  readonly body: any;
}

export interface ApiCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `false`: without the client certificate. */
  readonly asAdmin?: boolean;
  /** `false` leaves `body` out: what the server takes is to be measured, not what JSON.parse does. */
  readonly parse?: boolean;
}

/**
 * Plain HTTPS requests to an embedded cluster, with the administrator's certificate unless told otherwise. Each has a
 * connection of its own unless `keepAlive`.
 */
export function apiClient(cluster: ApiEndpoint, { keepAlive = false }: { readonly keepAlive?: boolean } = {}) {
  const agent = keepAlive ? new Agent({ keepAlive: true }) : false;
  const optionsOf = ({ method = "GET", headers = {}, asAdmin = true }: ApiCall, length: number): RequestOptions => ({
    method,
    ca: cluster.caCertificate,
    agent,
    // Node announces no body of a DELETE by itself.
    headers: { "content-type": "application/json", "content-length": length, ...headers },
    ...(asAdmin ? { cert: cluster.admin.certificate, key: cluster.admin.key } : {}),
  });

  function send(path: string, call: ApiCall): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { body } = call;
      const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
      const sent = request(`${cluster.url}${path}`, optionsOf(call, Buffer.byteLength(text)), resolve);
      sent.on("error", reject);
      sent.end(text);
    });
  }

  return {
    async call(path: string, call: ApiCall = {}): Promise<ApiAnswer> {
      const response = await send(path, call);
      const bytes = await buffer(response);
      const text = (response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
      const isJson =
        call.parse !== false &&
        response.headers["content-type"]?.startsWith("application/json") === true &&
        text !== "";
      return {
        code: response.statusCode ?? 0,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : undefined,
      };
    },
    /** Lines of a watch as they come; `stop` ends it. */
    async watch(path: string, call: ApiCall = {}) {
      const response = await send(path, call);
      const waiting: Array<(line: unknown) => void> = [];
      const lines: unknown[] = [];
      let rest = "";
      response.on("data", (chunk: Buffer) => {
        rest += chunk.toString();
        for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n")) {
          const line: unknown = JSON.parse(rest.slice(0, end));
          rest = rest.slice(end + 1);
          const next = waiting.shift();
          if (next === undefined) lines.push(line);
          else next(line);
        }
      });
      const ended = new Promise<void>((resolve) => response.on("close", () => resolve()));
      return {
        code: response.statusCode ?? 0,
        ended,
        // oxlint-disable-next-line typescript/no-explicit-any -- as above
        next: (): Promise<any> =>
          new Promise((resolve) => {
            const line = lines.shift();
            if (line === undefined) waiting.push(resolve);
            else resolve(line);
          }),
        stop: () => response.destroy(),
      };
    },
  };
}
