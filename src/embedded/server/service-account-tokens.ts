import { createPrivateKey, createPublicKey, randomUUID, sign, verify } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { asArray, asNumber, asRecord, asString, at, isRecord } from "../../lib/kube/object.ts";
import type { Store } from "../store/store.ts";
import type { User } from "./authentication.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The object the token dies with. */
  readonly bound?: { readonly kind: string; readonly name: string; readonly uid: string };
}

export interface ServiceAccountTokens {
  /** @param seconds life time */
  issue(subject: TokenSubject, audiences: readonly string[], seconds: number): { token: string; expiresAt: number };
  /** `undefined` for a token that is not ours, expired, for another audience, or whose account or pod is gone. */
  verify(token: string): User | undefined;
}

/** Tokens of service accounts: JWTs signed with ES256 (upstream: pkg/serviceaccount). */
export function createServiceAccountTokens(privateKeyPem: string, store: Store, clock: Clock): ServiceAccountTokens {
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  const header = encode({ alg: "ES256", typ: "JWT" });

  return {
    issue(subject, audiences, seconds) {
      const now = Math.floor(clock.now() / 1000);
      const { bound } = subject;
      const claims = {
        aud: audiences.length === 0 ? [ISSUER] : audiences,
        exp: now + seconds,
        iat: now,
        iss: ISSUER,
        jti: randomUUID(),
        "kubernetes.io": {
          namespace: subject.namespace,
          ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
          serviceaccount: { name: subject.name, uid: subject.uid },
        },
        nbf: now,
        sub: `system:serviceaccount:${subject.namespace}:${subject.name}`,
      };
      const signed = `${header}.${encode(claims)}`;
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return { token: `${signed}.${signature.toString("base64url")}`, expiresAt: (now + seconds) * 1000 };
    },
    verify(token) {
      const [head = "", body = "", signature = "", ...rest] = token.split(".");
      if (rest.length > 0 || head !== header) return undefined;
      const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      if (!verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))) return undefined;
      const claims = decode(body);
      const now = clock.now() / 1000;
      if (asNumber(claims["exp"]) <= now || asNumber(claims["nbf"]) > now + 60) return undefined;
      return asArray(claims["aud"]).includes(ISSUER) ? userOf(claims, store) : undefined;
    },
  };
}

function userOf(claims: Readonly<Record<string, unknown>>, store: Store): User | undefined {
  const own = asRecord(claims["kubernetes.io"]);
  const namespace = asString(own["namespace"]);
  const name = asString(at(own, "serviceaccount", "name"));
  const uid = asString(at(own, "serviceaccount", "uid"));
  if (store.get({ resource: "serviceaccounts", namespace, name })?.object.metadata.uid !== uid) return undefined;
  for (const [kind, resource] of [
    ["pod", "pods"],
    ["secret", "secrets"],
  ] as const) {
    const bound = own[kind];
    if (!isRecord(bound)) continue;
    const stored = store.get({ resource, namespace, name: asString(bound["name"]) });
    if (stored?.object.metadata.uid !== bound["uid"]) return undefined;
  }
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(text: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    return {};
  }
}
