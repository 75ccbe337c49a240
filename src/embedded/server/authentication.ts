import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { badRequest, forbidden, unauthorized } from "../machinery/status-error.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

const AUTHENTICATED = "system:authenticated";
const certificateUsers = new WeakMap<TLSSocket, User>();

/**
 * Who asks: by client certificate (subject CN and O), else by a service account's bearer token; or whom the
 * administrator asks to be taken for (`kubectl --as`).
 * @throws StatusError 401 where neither is there or valid, 403 for others who ask to be taken for somebody
 */
export function authenticate(request: IncomingMessage, tokens: ServiceAccountTokens): User {
  return impersonated(request, identify(request, tokens));
}

function identify(request: IncomingMessage, tokens: ServiceAccountTokens): User {
  const { authorization } = request.headers;
  const { socket } = request;
  if (socket instanceof TLSSocket && socket.authorized) {
    let user = certificateUsers.get(socket);
    if (user === undefined) {
      user = userOfCertificate(socket);
      if (user !== undefined) certificateUsers.set(socket, user);
    }
    if (user !== undefined) return user;
  }
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  const user = token === undefined ? undefined : tokens.verify(token);
  if (user === undefined) throw unauthorized();
  return user;
}

function userOfCertificate(socket: TLSSocket): User | undefined {
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  const names = [subject.CN].flat();
  const groups: readonly (string | undefined)[] = [subject.O].flat();
  const name = names[0];
  if (name === undefined) return undefined;
  return { name, uid: "", groups: [...groups.filter((group) => group !== undefined), AUTHENTICATED] };
}

/** Upstream: apiserver pkg/endpoints/filters/impersonation. */
function impersonated(request: IncomingMessage, user: User): User {
  const { headersDistinct } = request;
  const name = headersDistinct["impersonate-user"]?.[0] ?? "";
  const groups = headersDistinct["impersonate-group"] ?? [];
  const uid = headersDistinct["impersonate-uid"]?.[0] ?? "";
  if (name === "") {
    if (groups.length === 0 && uid === "") return user;
    throw badRequest("requested groups or uid without impersonating a user name");
  }
  if (!user.groups.includes("system:masters")) {
    const why = `User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`;
    throw forbidden({ group: "", resource: "users" }, name, why);
  }
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? [];
  const own = namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  const given = groups.length > 0 ? groups : own;
  const everybody = name === "system:anonymous" ? "system:unauthenticated" : AUTHENTICATED;
  return { name, uid, groups: given.includes(everybody) ? given : [...given, everybody] };
}
