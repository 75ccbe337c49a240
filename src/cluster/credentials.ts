import { readFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { errorMessage } from "../lib/errors.ts";
import { CredentialError, readPem, type Credential, type CredentialSource } from "./credential.ts";
import { createExecCredentials, type ExecOptions } from "./exec-credentials.ts";
import { KubeconfigError, type KubeconfigUser } from "./kubeconfig.ts";
import type { ConnectionTarget } from "./connection-target.ts";

const TOKEN_FILE_FRESH_MILLISECONDS = 60_000;

/** Chooses the source a user entry asks for: exec plugin, auth provider, token file, or what stands in the file. */
export function createCredentials(
  target: ConnectionTarget,
  options: ExecOptions & { readonly clock: Clock },
): CredentialSource {
  const { user } = target;
  if (user.exec !== undefined) return createExecCredentials(target, user.exec, options);
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
  return certificate === undefined || key === undefined ? {} : { certificate, key };
}

function staticCredentials(user: KubeconfigUser): CredentialSource {
  let held: Credential | undefined;
  const read = async (): Promise<Credential> => ({ headers: headersOf(user), ...(await certificateOf(user)) });
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
    retry() {
      held = undefined;
    },
    close() {},
  };
}

function headersOf(user: KubeconfigUser): Record<string, string> {
  if (user.token !== undefined) return { authorization: `Bearer ${user.token}` };
  if (user.username === undefined) return {};
  const pair = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

function tokenFileCredentials(user: KubeconfigUser, file: string, clock: Clock): CredentialSource {
  let held: { readonly credential: Credential; readonly readAt: number } | undefined;
  const read = async (): Promise<Credential> => {
    let token: string;
    try {
      token = (await readFile(file, "utf8")).trim();
    } catch (error) {
      throw new CredentialError(`cannot read the token file ${file}: ${errorMessage(error)}`, { cause: error });
    }
    const credential = { headers: { authorization: `Bearer ${token}` }, ...(await certificateOf(user)) };
    held = { credential, readAt: clock.now() };
    return credential;
  };
  return {
    async current() {
      if (held !== undefined && clock.now() - held.readAt < TOKEN_FILE_FRESH_MILLISECONDS) return held.credential;
      return read();
    },
    async refresh(used) {
      const fresh = await read();
      return fresh.headers["authorization"] !== used.headers["authorization"];
    },
    retry() {
      held = undefined;
    },
    close() {},
  };
}

/** OIDC and the old cloud providers: client-node knows them, and is loaded only for them. */
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
    retry() {},
    close() {},
  };
}
