import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { apiErrorFrom, describe, isApiError, type RequestSubject } from "./api-error.ts";
import { ConnectionError, connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient, SocketSettings } from "./http-client.ts";

const HANDSHAKE_MILLISECONDS = 30_000;

/**
 * Opens a WebSocket to the API server with one of the subprotocols, the most wanted first. It is paused, so that no
 * message is lost before somebody listens: `resume` it then.
 * @throws ApiError with the server's words where it refuses, ConnectionError, ReadOnlyError
 */
export async function openChannelSocket(
  client: HttpClient,
  path: string,
  protocols: readonly string[],
  about: RequestSubject,
): Promise<WebSocket> {
  const settings = await client.socketSettings(path, about);
  try {
    return await connectSocket(client, settings, protocols, about);
  } catch (error) {
    if (!isApiError(error, 401) || !(await settings.refresh())) throw error;
  }
  return connectSocket(client, await client.socketSettings(path, about), protocols, about);
}

async function connectSocket(
  client: HttpClient,
  settings: SocketSettings,
  protocols: readonly string[],
  about: RequestSubject,
): Promise<WebSocket> {
  const { WebSocket } = await import("ws");
  // `SPDY/3.1+portforward.k8s.io` is no token, and `ws` takes only those: it is asked for past it.
  const odd = protocols.find((protocol) => protocol.includes("/"));
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(settings.url, odd === undefined ? [...protocols] : [], {
      agent: settings.agent,
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
      perMessageDeflate: false,
      // Headers with several values (groups to impersonate) cannot be given as options.
      finishRequest: (request) => {
        for (const [name, value] of Object.entries(settings.headers)) request.setHeader(name, value);
        if (odd !== undefined) request.setHeader("sec-websocket-protocol", odd);
        request.end();
      },
    });
    socket.binaryType = "nodebuffer";
    const onError = (error: Error): void => {
      const cause = /Opening handshake has timed out/.test(error.message)
        ? new ConnectionError("timeout", `cannot reach ${new URL(client.server).host}: no answer`, { cause: error })
        : connectionErrorFrom(error, client.server);
      reject(cause);
    };
    socket.on("error", onError);
    socket.on("upgrade", (response: IncomingMessage) => {
      response.socket.setKeepAlive(true, 30_000);
      if (odd === undefined) return;
      const agreed = response.headers["sec-websocket-protocol"];
      delete response.headers["sec-websocket-protocol"];
      if (agreed === odd) return;
      reject(new ConnectionError("protocol", `cannot ${describe(about)}: the server does not speak ${odd}`));
      socket.terminate();
    });
    socket.on("unexpected-response", (_request, response: IncomingMessage) => {
      void readText(response).then((text) => {
        reject(apiErrorFrom(response.statusCode ?? 0, text, about));
        socket.terminate();
      });
    });
    const end = (): void => socket.terminate();
    client.closed.addEventListener("abort", end, { once: true });
    socket.on("close", () => client.closed.removeEventListener("abort", end));
    // The error listener stays: an error after the opening must not end the process; `close` follows it.
    socket.on("open", () => {
      socket.pause();
      resolve(socket);
    });
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > 65_536) break;
    }
  } catch {
    // What came is all there is.
  }
  return text;
}
