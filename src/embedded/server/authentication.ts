import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { unauthorized } from "../machinery/status-error.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

const AUTHENTICATED = "system:authenticated";
const certificateUsers = new WeakMap<TLSSocket, User>();

/**
 * Who asks: by client certificate (subject CN and O), else by a service account's bearer token.
 * @throws StatusError 401 where neither is there or valid
 */
export function authenticate(request: IncomingMessage, tokens: ServiceAccountTokens): User {
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
