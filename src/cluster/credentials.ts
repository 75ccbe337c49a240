import { readFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { errorMessage, fileFault } from "../lib/errors.ts";
import { CredentialError, readPem, type Credential, type CredentialSource } from "./credential.ts";
import { createExecCredentials, type ExecOptions } from "./exec-credentials.ts";
import { checkKeyPair } from "./key-pair.ts";
import { KubeconfigError, type KubeconfigUser } from "./kubeconfig.ts";
import { createOidcCredentials } from "./oidc-credentials.ts";
import type { ConnectionTarget } from "./connection-target.ts";

const TOKEN_FILE_FRESH_MILLISECONDS = 60_000;

/** Chooses the source a user entry asks for: exec plugin, auth provider, token file, or what stands in the file. */
export function createCredentials(
  target: ConnectionTarget,
  options: ExecOptions & { readonly clock: Clock },
): CredentialSource {
  const { user } = target;
  if (user.exec !== undefined) return createExecCredentials(target, user.exec, options);
  if (user.authProvider?.["name"] === "oidc") return createOidcCredentials(user, certificateOf, options);
  if (user.authProvider !== undefined) return providerCredentials(user);
  if (user.tokenFile !== undefined) return tokenFileCredentials(user, user.tokenFile, options.clock);
  return staticCredentials(user);
}

async function certificateOf(user: KubeconfigUser): Promise<Omit<Credential, "headers">> {
  const certificate = await readPem(user.clientCertificate, "client certificate");
  const key = await readPem(user.clientKey, "client key");
  if ((certificate === undefined) !== (key === undefined)) {
    throw new KubeconfigError(
      `user "${user.name}" has a client ${key === undefined ? "certificate without its key" : "key without its certificate"}`,
    );
  }
  if (certificate === undefined || key === undefined) return {};
  checkKeyPair(certificate, key, user.name);
  return { certificate, key };
}

function staticCredentials(user: KubeconfigUser): CredentialSource {
  let held: Credential | undefined;
  const read = async (): Promise<Credential> => ({ headers: headersOf(user), ...(await certificateOf(user)) });
  const forget = (): void => {
    held = undefined;
  };
  return {
    async current() {
      held ??= await read();
      return held;
    },
    async refresh(used) {
      // Certificate files may have been renewed under our feet.
      const fresh = await read();
      if (fresh.certificate === used.certificate && fresh.key === used.key) return false;
      held = fresh;
      return true;
    },
    reread: forget,
    retry: forget,
    close() {},
  };
}

function headersOf(user: KubeconfigUser): Record<string, string> {
  if (user.token !== undefined) return { authorization: `Bearer ${user.token}` };
  if (user.username === undefined) return {};
  const pair = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

/** As client-go does: while the file cannot be read, the token read last, or else the `token` beside it, goes on. */
function tokenFileCredentials(user: KubeconfigUser, file: string, clock: Clock): CredentialSource {
  let held: { readonly credential: Credential; readonly readAt: number } | undefined;
  let token = user.token;
  const read = async (): Promise<Credential> => {
    try {
      token = await readToken(file);
    } catch (error) {
      if (token === undefined) throw error;
    }
    const credential = { headers: { authorization: `Bearer ${token}` }, ...(await certificateOf(user)) };
    held = { credential, readAt: clock.now() };
    return credential;
  };
  const forget = (): void => {
    held = undefined;
  };
  return {
    async current() {
      if (held !== undefined && clock.now() - held.readAt < TOKEN_FILE_FRESH_MILLISECONDS) return held.credential;
      return read();
    },
    async refresh(used) {
      // The server refuses the token held: now it matters that there is no other.
      await readToken(file);
      const fresh = await read();
      return fresh.headers["authorization"] !== used.headers["authorization"];
    },
    reread: forget,
    retry: forget,
    close() {},
  };
}

/** @throws CredentialError */
async function readToken(file: string): Promise<string> {
  const hint = "let the tool that writes it write it again; it is read again by itself";
  try {
    const token = (await readFile(file, "utf8")).trim();
    if (token !== "") return token;
  } catch (error) {
    throw new CredentialError(`cannot read the token file ${file}: ${fileFault(error)}`, { hint, cause: error });
  }
  throw new CredentialError(`the token file ${file} is empty`, { hint });
}

/** The old cloud providers: client-node knows them, and is loaded only for them. */
function providerCredentials(user: KubeconfigUser): CredentialSource {
  const ask = async (): Promise<Credential> => {
    const { KubeConfig } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "cluster", server: "https://localhost" }],
      users: [{ name: "user", authProvider: user.authProvider }],
      contexts: [{ name: "context", cluster: "cluster", user: "user" }],
      currentContext: "context",
    });
    const options: { headers?: Record<string, string> } = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new CredentialError(`the auth provider of user "${user.name}" failed: ${errorMessage(error)}`, {
        hint: "log in again with the tool that wrote the kubeconfig",
        cause: error,
      });
    }
    const authorization = options.headers?.["Authorization"];
    if (authorization === undefined) {
      throw new CredentialError(`the auth provider of user "${user.name}" is not supported`, {
        hint: "use an exec plugin instead",
      });
    }
    return { headers: { authorization }, ...(await certificateOf(user)) };
  };
  let pending: Promise<Credential> | undefined;
  const shared = (): Promise<Credential> => {
    pending ??= ask().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    current: shared,
    async refresh(used) {
      return (await shared()).headers["authorization"] !== used.headers["authorization"];
    },
    reread() {},
    retry() {},
    close() {},
  };
}
