import { systemClock, type Clock } from "../lib/clock.ts";
import { silentLogger, type Logger } from "../lib/log.ts";
import type { Cluster, Clusters, ConnectionOverrides, ContextInfo } from "./cluster.ts";
import { connectionTarget, contextInfos, startContext, type ConnectionTarget } from "./connection-target.ts";
import { createContextProbes } from "./context-probes.ts";
import type { ExecOptions, ExecRequest } from "./exec-credentials.ts";
import { loadInCluster } from "./in-cluster.ts";
import { changeContext } from "./kubeconfig-edit.ts";
import { KubeconfigError, kubeconfigPaths, loadKubeconfig, mergeKubeconfigs, type Kubeconfig } from "./kubeconfig.ts";
import { openCluster, type OpenCluster } from "./open-cluster.ts";

export interface ClustersOptions extends Partial<Pick<ExecOptions, "confirmExec" | "withTerminal">> {
  readonly overrides?: ConnectionOverrides;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Contexts open read-only; each can be switched with `writes.setReadOnly`. Default false. */
  readonly readOnly?: boolean;
  /** Whether a plugin was agreed to before; probes ask nothing. Default: none was. */
  readonly execAgreed?: (request: ExecRequest) => Promise<boolean>;
  /** Kubeconfig files of local clusters that run now. Their contexts come last and never hide another. */
  readonly localKubeconfigs?: () => Promise<readonly string[]>;
}

/** The clusters of the kubeconfigs that kubectl would read, or the one around this pod. */
export function createClusters(options: ClustersOptions): Clusters {
  const { overrides = {}, env = process.env, clock = systemClock, logger = silentLogger } = options;
  const open = new Map<string, { readonly cluster: OpenCluster; readonly fingerprint: string }>();
  let loaded: Promise<Kubeconfig> | undefined;
  let localFiles: readonly string[] = [];
  /** The context that the flags are for, whatever the kubeconfig calls the current one later. */
  let flagged: string | undefined;

  const readConfigured = async (): Promise<Kubeconfig> => {
    const { paths, required } = kubeconfigPaths(overrides.kubeconfig, env);
    const config = await loadKubeconfig(paths, required);
    if (config.contexts.size > 0 || overrides.kubeconfig !== undefined) return config;
    return (await loadInCluster(env)) ?? config;
  };
  const read = async (): Promise<Kubeconfig> => {
    const [configured, files] = await Promise.all([readConfigured(), options.localKubeconfigs?.() ?? []]);
    localFiles = files;
    const local = await loadKubeconfig(files, false);
    const { currentContext } = configured.contexts.size > 0 ? configured : local;
    const config = { ...mergeKubeconfigs(configured, local), currentContext };
    flagged ??= startContext(config, overrides) || undefined;
    return config;
  };
  const flags = (): ConnectionOverrides => (flagged === undefined ? overrides : { ...overrides, context: flagged });
  const targetOf = async (context: string): Promise<ConnectionTarget> =>
    connectionTarget(await (loaded ?? reload()), context, flags());
  const reload = (): Promise<Kubeconfig> => {
    const reading = read();
    loaded = reading;
    reading.catch(() => {
      if (loaded === reading) loaded = undefined;
    });
    return reading;
  };
  return {
    async load(): Promise<readonly ContextInfo[]> {
      const infos = contextInfos(await reload(), flags());
      return infos.map((info) =>
        info.file !== undefined && localFiles.includes(info.file) ? { ...info, local: true } : info,
      );
    },
    async open(context: string): Promise<Cluster> {
      const target = await targetOf(context);
      // A context whose entry has changed since it was opened goes on with it, or is opened anew.
      const fingerprint = JSON.stringify(target);
      const held = open.get(context);
      if (held !== undefined && !held.cluster.closed) {
        const { cluster } = held;
        if (held.fingerprint === fingerprint) return cluster;
        if (cluster.renew(target)) {
          open.set(context, { cluster, fingerprint });
          return cluster;
        }
        cluster.close();
      }
      const cluster = openCluster(target, {
        env,
        clock,
        logger: logger.child(`cluster ${context}`),
        readOnly: options.readOnly ?? false,
        timeoutMilliseconds: overrides.requestTimeoutMilliseconds,
        ...(options.confirmExec === undefined ? {} : { confirmExec: options.confirmExec }),
        ...(options.withTerminal === undefined ? {} : { withTerminal: options.withTerminal }),
      });
      open.set(context, { cluster, fingerprint });
      return cluster;
    },
    probes: () =>
      createContextProbes({
        env,
        clock,
        logger,
        execAgreed: options.execAgreed ?? (() => Promise.resolve(false)),
        connected: (context) => {
          const status = open.get(context)?.cluster.status.get();
          return status?.state === "connected" ? status.serverVersion : undefined;
        },
        target: targetOf,
      }),
    async change(change) {
      const config = await reload();
      const file = config.contexts.get(change.context)?.file;
      if (file !== undefined && localFiles.includes(file)) {
        throw new KubeconfigError(`the context "${change.context}" is that of a local cluster`, {
          hint: ":clusters starts, stops and deletes those",
        });
      }
      const backups = await changeContext(config, change, clock.now());
      if (change.type === "rename" && flagged === change.context) flagged = change.to;
      return backups;
    },
    closeAll() {
      for (const { cluster } of open.values()) cluster.close();
      open.clear();
    },
  };
}
