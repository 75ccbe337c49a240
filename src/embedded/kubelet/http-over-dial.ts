import { request, type IncomingHttpHeaders } from "node:http";
import { connect as tlsConnect } from "node:tls";
import type { Duplex } from "node:stream";
import { KelpieError, errorMessage } from "../../lib/errors.ts";

const MAX_BODY_BYTES = 10 * 1024;

export interface HttpProbeRequest {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
}

export interface HttpProbeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most 10 KB of it. */
  readonly body: string;
}

/**
 * One GET over an open connection to a pod. Certificates are not checked, as upstream's probes do not.
 * @throws KelpieError where no answer comes before `signal` aborts
 */
export function getOverConnection(
  connection: Duplex,
  target: HttpProbeRequest,
  signal: AbortSignal,
): Promise<HttpProbeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpProbeAnswer>();
  const fail = (error: unknown): void => {
    const why = signal.aborted ? "context deadline exceeded" : errorMessage(error);
    reject(new KelpieError(why, { cause: error }));
  };
  connection.on("error", fail);
  const socket = target.scheme === "HTTPS" ? tlsConnect({ socket: connection, rejectUnauthorized: false }) : connection;
  socket.on("error", fail);
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.36", accept: "*/*", connection: "close" };
  for (const [name, value] of target.headers) headers[name.toLowerCase()] = value;
  headers["host"] ??= `${target.host}:${target.port}`;
  const outgoing = request(
    { createConnection: () => socket, path: target.path || "/", method: "GET", headers, signal },
    (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (body.length < MAX_BODY_BYTES) body += chunk.slice(0, MAX_BODY_BYTES - body.length);
      });
      response.on("error", fail);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    },
  );
  outgoing.on("error", fail);
  outgoing.end();
  return promise.finally(() => {
    socket.destroy();
    connection.destroy();
  });
}
