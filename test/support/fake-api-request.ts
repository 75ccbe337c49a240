import type { IncomingMessage } from "node:http";

export interface RecordedRequest {
  readonly method: string;
  /** Path with its query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Common name of the client certificate, where one was sent. */
  readonly clientName: string | undefined;
}
