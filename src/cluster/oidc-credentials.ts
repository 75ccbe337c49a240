import { readFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { errorMessage } from "../lib/errors.ts";
import { asRecord, asString } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { CredentialError, readPem, type Credential, type CredentialSource } from "./credential.ts";
import { tokenExpiry } from "./credential-expiry.ts";
import { parseKubeconfig, type KubeconfigUser } from "./kubeconfig.ts";
import { changeAuthProvider } from "./kubeconfig-edit.ts";
import { refreshOidcToken } from "./oidc-token.ts";

export interface OidcOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** As client-go: a token that ends so soon is renewed before. */
const EXPIRY_DELTA_MILLISECONDS = 10_000;
/** After a failure, and after a renewal whose token was refused, too, the provider is left alone for so long. */
const HELD_MILLISECONDS = 10_000;

type Config = Readonly<Record<string, unknown>>;

/** Of one user only one renewal runs: a refresh token is often good for one use. */
const renewals = new Map<string, Promise<string>>();

/**
 * The auth provider `oidc` (client-go `plugin/pkg/client/auth/oidc`): the id-token of the kubeconfig until it expires,
 * then one got for the refresh-token. New tokens are written to the kubeconfig, where kubectl and the next start of
 * kelpie look for them; what another program wrote there in the meantime comes first.
 */
export function createOidcCredentials(
  user: KubeconfigUser,
  certificateOf: (user: KubeconfigUser) => Promise<Omit<Credential, "headers">>,
  options: OidcOptions,
): CredentialSource {
  const { clock } = options;
  let config: Config = asRecord(user.authProvider?.["config"]);
  let failure: { readonly error: unknown; readonly until: number } | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;

  const reread = async (): Promise<void> => {
    config = (await configInFile(user)) ?? config;
  };
  const valid = (): string | undefined => {
    const token = asString(config["id-token"]);
    const expires = token === "" ? 0 : (tokenExpiry(token) ?? Number.POSITIVE_INFINITY);
    return expires - EXPIRY_DELTA_MILLISECONDS > clock.now() ? token : undefined;
  };
  const renew = async (): Promise<string> => {
    if (failure !== undefined && clock.now() < failure.until) throw failure.error;
    try {
      const token = await renewal(user, config, options);
      failure = undefined;
      return token;
    } catch (error) {
      failure = { error, until: clock.now() + HELD_MILLISECONDS };
      throw error;
    }
  };
  const current = async (): Promise<string> => {
    const known = valid();
    if (known !== undefined) return known;
    await reread();
    const token = valid() ?? (await renew());
    config = { ...config, "id-token": token };
    return token;
  };
  return {
    async current() {
      return { headers: { authorization: `Bearer ${await current()}` }, ...(await certificateOf(user)) };
    },
    async refresh(used) {
      const refused = (token: string): boolean => used.headers["authorization"] === `Bearer ${token}`;
      await reread();
      const known = valid();
      if (known !== undefined && !refused(known)) return true;
      if (asString(config["refresh-token"]) === "" || clock.now() - renewedAt < HELD_MILLISECONDS) return false;
      const token = await renew();
      renewedAt = clock.now();
      config = { ...config, "id-token": token };
      return !refused(token);
    },
    reread() {},
    retry() {
      failure = undefined;
      renewedAt = Number.NEGATIVE_INFINITY;
    },
    close() {},
  };
}

function renewal(user: KubeconfigUser, config: Config, options: OidcOptions): Promise<string> {
  const key = JSON.stringify([user.file, user.name]);
  const running =
    renewals.get(key) ??
    renewAndKeep(user, config, options).finally(() => {
      renewals.delete(key);
    });
  renewals.set(key, running);
  return running;
}

async function renewAndKeep(user: KubeconfigUser, config: Config, options: OidcOptions): Promise<string> {
  const refreshToken = asString(config["refresh-token"]);
  const failed = (reason: string, cause?: unknown): CredentialError =>
    new CredentialError(`the OIDC login of user "${user.name}" is not renewed: ${reason}`, {
      hint: "log in again with the tool that wrote the kubeconfig",
      ...(cause === undefined ? {} : { cause }),
    });
  if (refreshToken === "") {
    throw failed(
      `its id-token ${asString(config["id-token"]) === "" ? "is missing" : "has expired"}, and there is no refresh-token`,
    );
  }
  const data = asString(config["idp-certificate-authority-data"]);
  const file = asString(config["idp-certificate-authority"]);
  let tokens: Awaited<ReturnType<typeof refreshOidcToken>>;
  try {
    const ca = await readPem(
      { ...(data === "" ? {} : { data }), ...(file === "" ? {} : { file }) },
      "certificate authority of the identity provider",
    );
    tokens = await refreshOidcToken(
      {
        issuer: asString(config["idp-issuer-url"]),
        clientId: asString(config["client-id"]),
        clientSecret: asString(config["client-secret"]),
        refreshToken,
        ca,
      },
      options,
    );
  } catch (error) {
    throw failed(errorMessage(error), error);
  }
  const changes = {
    "id-token": tokens.idToken,
    ...(tokens.refreshToken === "" ? {} : { "refresh-token": tokens.refreshToken }),
  };
  try {
    if (user.file !== undefined) await changeAuthProvider(user.file, user.name, changes);
  } catch (error) {
    // It serves this session all the same.
    options.logger.warn("renewed OIDC tokens not written", { user: user.name, error });
  }
  return tokens.idToken;
}

async function configInFile({ file, name }: KubeconfigUser): Promise<Config | undefined> {
  if (file === undefined) return undefined;
  try {
    const provider = parseKubeconfig(await readFile(file, "utf8"), file).users.get(name)?.authProvider;
    return provider === undefined ? undefined : asRecord(provider["config"]);
  } catch {
    // Half written, or gone: what was read before goes on.
    return undefined;
  }
}
