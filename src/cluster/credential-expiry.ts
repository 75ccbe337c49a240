import { X509Certificate } from "node:crypto";
import { asNumber, at } from "../lib/kube/object.ts";
import type { Credential } from "./credential.ts";

/** Until when a credential holds, where it says so itself: a certificate, or a token that is a JWT. */
export function expiryOf(credential: Credential): { readonly what: string; readonly at: number } | undefined {
  const token = /^Bearer (.+)$/.exec(credential.headers["authorization"] ?? "")?.[1];
  if (token !== undefined) {
    const expires = tokenExpiry(token);
    return expires === undefined ? undefined : { what: "token", at: expires };
  }
  if (credential.certificate === undefined) return undefined;
  const expires = Date.parse(new X509Certificate(credential.certificate).validTo);
  return Number.isNaN(expires) ? undefined : { what: "client certificate", at: expires };
}

/** `exp` of a JWT in milliseconds since the epoch; `undefined` for any other token. */
export function tokenExpiry(token: string): number | undefined {
  const [, claims, ...rest] = token.split(".");
  if (claims === undefined || rest.length !== 1) return undefined;
  try {
    const seconds = asNumber(at(JSON.parse(Buffer.from(claims, "base64url").toString("utf8")), "exp"), Number.NaN);
    return Number.isNaN(seconds) ? undefined : seconds * 1000;
  } catch {
    return undefined;
  }
}
