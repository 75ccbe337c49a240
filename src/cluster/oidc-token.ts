import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "../lib/clock.ts";
import { KelpieError } from "../lib/errors.ts";
import { asString, at } from "../lib/kube/object.ts";
import { sanitize } from "../lib/text.ts";
import { ConnectionError, connectionErrorFrom } from "./connection-error.ts";
import { createHttpAgent } from "./http-agent.ts";
import { proxyFor } from "./proxy.ts";

export interface OidcRefresh {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** PEM text. */
  readonly ca: string | undefined;
}

export interface OidcTokens {
  readonly idToken: string;
  /** `""` where the one that was used stays good. */
  readonly refreshToken: string;
}

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

type Transport = { readonly clock: Clock; readonly env: Readonly<Record<string, string | undefined>> };
type Ask = (url: URL, form?: URLSearchParams, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

const ANSWER_MILLISECONDS = 20_000;
const MOST_BYTES = 1 << 20;

/**
 * Gets an id-token for a refresh-token (OpenID Connect Core 12, Discovery 4), with the login of the client in the
 * header first and in the form where that is refused, as golang.org/x/oauth2 does.
 * @throws KelpieError, whose message holds no token
 */
export async function refreshOidcToken(refresh: OidcRefresh, transport: Transport): Promise<OidcTokens> {
  const { issuer, clientId, clientSecret, refreshToken } = refresh;
  const ask: Ask = (url, form, headers) => exchange(url, refresh.ca, transport, form, headers);
  const endpoint = await tokenEndpoint(issuer, ask);
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const login = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  let answer: Answer | undefined;
  if (clientSecret !== "") {
    answer = await ask(endpoint, new URLSearchParams(form), { authorization: `Basic ${login}` });
  }
  if (answer === undefined || asString(at(answer.value, "error")) === "invalid_client" || answer.status === 401) {
    const secret = clientSecret === "" ? {} : { client_secret: clientSecret };
    answer = await ask(endpoint, new URLSearchParams({ ...form, client_id: clientId, ...secret }));
  }
  const { status, value } = answer;
  if (status !== 200) {
    const said = [asString(at(value, "error")), asString(at(value, "error_description"))].filter((text) => text !== "");
    throw new KelpieError(
      `${endpoint.host} answered ${status}${said.length === 0 ? "" : `: ${sanitize(said.join(", "))}`}`,
    );
  }
  const idToken = asString(at(value, "id_token"));
  if (idToken === "") throw new KelpieError(`${endpoint.host} answered without an id_token`);
  return { idToken, refreshToken: asString(at(value, "refresh_token")) };
}

async function tokenEndpoint(issuer: string, ask: Ask): Promise<URL> {
  const discovery = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  if (!/^https?:/.test(issuer) || !URL.canParse(discovery)) {
    throw new KelpieError(`its idp-issuer-url is not a URL: ${sanitize(issuer)}`);
  }
  const url = new URL(discovery);
  const { status, value } = await ask(url);
  const endpoint = asString(at(value, "token_endpoint"));
  if (status !== 200) throw new KelpieError(`${url.host} answered ${status} to ${url.pathname}`);
  if (!URL.canParse(endpoint)) throw new KelpieError(`${url.host} names no token endpoint`);
  return new URL(endpoint);
}

function exchange(
  url: URL,
  ca: string | undefined,
  { clock, env }: Transport,
  form?: URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const proxy = proxyFor(url, undefined, env);
  const agent = createHttpAgent({ server: url, ca, insecureSkipTlsVerify: false, proxy, clock });
  const body = form?.toString();
  const answer = new Promise<Answer>((resolve, reject) => {
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const outgoing = send(url, {
      agent,
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...headers,
      },
    });
    const late = (): void => {
      outgoing.destroy(new ConnectionError("timeout", `${url.host} does not answer`));
    };
    const cancel = clock.after(ANSWER_MILLISECONDS, late, { background: true });
    outgoing.on("close", cancel);
    outgoing.on("error", reject);
    outgoing.on("response", (message) => {
      readJson(message).then((value) => resolve({ status: message.statusCode ?? 0, value }), reject);
    });
    outgoing.end(body);
  });
  return answer
    .catch((error: unknown) => {
      throw connectionErrorFrom(error, url.href);
    })
    .finally(() => agent.destroy());
}

/** `undefined` where it is not JSON. */
async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES) break;
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
