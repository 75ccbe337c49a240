import type { ConnectionOverrides, ContextInfo } from "./cluster.ts";
import {
  KubeconfigError,
  type Impersonation,
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigContext,
  type KubeconfigUser,
} from "./kubeconfig.ts";

/** All that is needed to reach one context: the kubeconfig's entries with the flags applied. */
export interface ConnectionTarget {
  readonly context: ContextInfo;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly impersonate: Impersonation;
}

/** Name of the context made from flags alone (`--server` without a kubeconfig). */
const FLAGS = "flags";

/** The context the program starts in, `""` where there is none. */
export function startContext(config: Kubeconfig, overrides: ConnectionOverrides): string {
  const named = overrides.context ?? config.currentContext;
  if (named !== "" && (config.contexts.has(named) || overrides.context !== undefined)) return named;
  return overrides.server === undefined ? "" : FLAGS;
}

/** The contexts as a list, the one of the flags included. */
export function contextInfos(config: Kubeconfig, overrides: ConnectionOverrides): ContextInfo[] {
  const start = startContext(config, overrides);
  const names = [...config.contexts.keys()];
  if (start === FLAGS && !config.contexts.has(FLAGS)) names.unshift(FLAGS);
  return names.map((name) => {
    const context = contextNamed(config, name, start, overrides);
    return {
      name,
      cluster: context.cluster,
      user: context.user,
      namespace: context.namespace,
      server: serverOf(config, context, name === start ? overrides : {}),
      current: name === (config.contexts.has(config.currentContext) ? config.currentContext : FLAGS),
      ...(context.file === undefined ? {} : { file: context.file }),
    };
  });
}

function contextNamed(
  config: Kubeconfig,
  name: string,
  start: string,
  overrides: ConnectionOverrides,
): KubeconfigContext {
  const found = config.contexts.get(name) ?? { name, cluster: "", user: "", namespace: "default" };
  if (name !== start) return found;
  return {
    ...found,
    cluster: overrides.cluster ?? found.cluster,
    user: overrides.user ?? found.user,
    namespace: overrides.namespace ?? found.namespace,
  };
}

function serverOf(config: Kubeconfig, context: KubeconfigContext, overrides: ConnectionOverrides): string {
  return overrides.server ?? config.clusters.get(context.cluster)?.server ?? "";
}

/**
 * What to connect to for a context. Flags that name a cluster, user, server, token or namespace belong to the context
 * the program starts in; impersonation belongs to the person and so to every context.
 * @throws KubeconfigError where the context is incomplete
 */
export function connectionTarget(config: Kubeconfig, name: string, overrides: ConnectionOverrides): ConnectionTarget {
  const start = startContext(config, overrides);
  const known = config.contexts.has(name) || name === start;
  const where = config.files.length === 0 ? "" : ` in ${config.files.join(", ")}`;
  if (!known || (!config.contexts.has(name) && name !== FLAGS)) {
    throw new KubeconfigError(`there is no context "${name}"${where}`, { hint: "choose another with :ctx" });
  }
  const mine = name === start ? overrides : {};
  const context = contextNamed(config, name, start, overrides);
  const cluster = config.clusters.get(context.cluster);
  if (cluster === undefined && mine.server === undefined) {
    throw new KubeconfigError(`context "${name}" names the cluster "${context.cluster}", which is not defined${where}`);
  }
  const user = config.users.get(context.user);
  if (user === undefined && context.user !== "") {
    throw new KubeconfigError(`context "${name}" names the user "${context.user}", which is not defined${where}`);
  }
  if (user?.fault !== undefined && mine.token === undefined) {
    throw new KubeconfigError(user.fault, { hint: "let the tool that made the kubeconfig write it again" });
  }
  const configured = user?.impersonate;
  const as = overrides.as ?? configured?.user;
  if (as === undefined && configured !== undefined && impersonatesMore(configured)) {
    throw new KubeconfigError(`the user "${context.user}"${where} has as-groups, as-uid or as-user-extra without as`, {
      hint: "name the user to impersonate in as, or take the others away",
    });
  }
  const server = normaliseServer(serverOf(config, context, mine), context.cluster, where);
  const resolvedUser = withToken(
    user ?? { name: "", clientCertificate: {}, clientKey: {}, impersonate: { groups: [], extra: {} } },
    mine.token,
  );
  return {
    context: { ...context, server, current: name === start, ...spread("impersonates", as) },
    cluster: {
      ...(cluster ?? { name: context.cluster, certificateAuthority: {}, insecureSkipTlsVerify: false }),
      ...(mine.insecureSkipTlsVerify === undefined ? {} : { insecureSkipTlsVerify: mine.insecureSkipTlsVerify }),
      server,
    },
    user: resolvedUser,
    impersonate: {
      groups: overrides.asGroups ?? resolvedUser.impersonate.groups,
      extra: resolvedUser.impersonate.extra,
      ...spread("user", as),
      ...spread("uid", overrides.asUid ?? resolvedUser.impersonate.uid),
    },
  };
}

function impersonatesMore({ groups, uid, extra }: Impersonation): boolean {
  return groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0;
}

function spread<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const result: Partial<Record<K, string>> = {};
  if (value !== undefined && value !== "") result[key] = value;
  return result;
}

/** A token on the command line replaces every other credential of the user, as in client-go. */
function withToken(user: KubeconfigUser, token: string | undefined): KubeconfigUser {
  if (token === undefined) return user;
  return { name: user.name, clientCertificate: {}, clientKey: {}, token, impersonate: user.impersonate };
}

function normaliseServer(server: string, cluster: string, where: string): string {
  if (server === "") throw new KubeconfigError(`the cluster "${cluster}"${where} has no server`);
  const url = server.includes("://") ? server : `https://${server}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new KubeconfigError(`the cluster "${cluster}"${where} has a server that is not a URL: ${server}`, {
      hint: "expected https://host:port",
    });
  }
  return url.replace(/\/+$/, "");
}
