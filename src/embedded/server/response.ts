import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import type { StatusError } from "../machinery/status-error.ts";

/** Below this compressing costs more than it saves (apiserver: defaultGzipThresholdBytes). */
const GZIP_FROM_BYTES = 128 * 1024;

export interface Answer {
  readonly code: number;
  /** Serialised already. */
  readonly body: string | Buffer;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a whole answer, compressed where the client takes it and it is worth it. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader("audit-id", randomUUID());
  response.setHeader("cache-control", "no-cache, private");
  response.setHeader("content-type", answer.type ?? "application/json");
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const accepts = /\bgzip\b/.test(request.headers["accept-encoding"]?.toString() ?? "");
  if (body.length < GZIP_FROM_BYTES || !accepts) {
    finish(response, answer.code, body);
    return;
  }
  response.setHeader("vary", "Accept-Encoding");
  gzip(body, { level: 1 }, (error, compressed) => {
    if (error === null) response.setHeader("content-encoding", "gzip");
    finish(response, answer.code, error === null ? compressed : body);
  });
}

function finish(response: ServerResponse, code: number, body: Buffer): void {
  if (response.destroyed) return;
  response.setHeader("content-length", body.length);
  response.writeHead(code);
  response.end(body);
}

export function sendJson(request: IncomingMessage, response: ServerResponse, code: number, body: unknown): void {
  sendAnswer(request, response, { code, body: JSON.stringify(body) });
}

export function sendText(request: IncomingMessage, response: ServerResponse, code: number, text: string): void {
  const headers = { "x-content-type-options": "nosniff" };
  sendAnswer(request, response, { code, body: text, type: "text/plain; charset=utf-8", headers });
}

export function sendError(request: IncomingMessage, response: ServerResponse, error: StatusError): void {
  const retry = error.details?.retryAfterSeconds;
  const headers: Record<string, string> = retry === undefined ? {} : { "retry-after": String(retry) };
  sendAnswer(request, response, { code: error.code, body: JSON.stringify(error.toStatus()), headers });
}
