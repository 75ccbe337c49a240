import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An unsigned token that says itself until when it holds, in milliseconds since the epoch. */
export function jwt(expires: number, subject = "me"): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: subject, exp: Math.floor(expires / 1000) })}.signature`;
}

/** An OpenID provider whose refresh tokens are good for one use: `refresh-1`, then `refresh-2`, … */
export interface FakeIdentityProvider {
  readonly url: string;
  /** What the token endpoint was sent: its form, and its `authorization`. */
  readonly asked: ReadonlyArray<{ readonly form: URLSearchParams; readonly authorization: string | undefined }>;
  /** The id-token it gives out next. */
  idToken: string;
  /** Says no, in these words, when set. */
  refusal: string | undefined;
  close(): Promise<void>;
}

export async function startFakeIdentityProvider(options: {
  readonly idToken: string;
  /** Where the client's secret has to stand. Default: in the header. */
  readonly login?: "header" | "form";
}): Promise<FakeIdentityProvider> {
  const asked: Array<{ readonly form: URLSearchParams; readonly authorization: string | undefined }> = [];
  let uses = 1;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const reply = (code: number, value: unknown): void => {
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (request.url === "/.well-known/openid-configuration") {
      reply(200, { issuer: provider.url, token_endpoint: `${provider.url}/token` });
      return;
    }
    const { authorization } = request.headers;
    const form = new URLSearchParams(body);
    asked.push({ form, authorization });
    if (options.login === "form" && authorization !== undefined) reply(401, { error: "invalid_client" });
    else if (provider.refusal !== undefined || form.get("refresh_token") !== `refresh-${uses}`) {
      reply(400, { error: "invalid_grant", error_description: provider.refusal ?? "used before" });
    } else {
      uses += 1;
      reply(200, { id_token: provider.idToken, refresh_token: `refresh-${uses}` });
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const provider: FakeIdentityProvider = {
    url: `http://127.0.0.1:${port}`,
    asked,
    idToken: options.idToken,
    refusal: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}
