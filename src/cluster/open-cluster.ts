import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../lib/clock.ts";
import type { KelpieError } from "../lib/errors.ts";
import { apiPath, groupResource, gvrKey, type ApiResource, type Gvr } from "../lib/kube/gvr.ts";
import { namespacesOf } from "../lib/kube/namespaces.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { createValue } from "../lib/subscribable.ts";
import { AccessReviews } from "./access-reviews.ts";
import { CatalogLoader } from "./catalog-loader.ts";
import type { Cluster, ListQuery, Login, ObjectTarget, ResourceStore } from "./cluster.ts";
import { ConnectionError } from "./connection-error.ts";
import { ConnectionProber } from "./connection-prober.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import type { CredentialSource } from "./credential.ts";
import { createCredentials } from "./credentials.ts";
import type { ExecOptions } from "./exec-credentials.ts";
import { openExecSession } from "./exec-session.ts";
import { HttpClient } from "./http-client.ts";
import { listObjects } from "./list-request.ts";
import { LogFollower } from "./log-follower.ts";
import { MetricsPoller } from "./metrics-poller.ts";
import { PortForwarder } from "./port-forwarder.ts";
import { Reflector } from "./reflector.ts";
import { SharedStore } from "./resource-store.ts";
import { readWholeObject } from "./row-reader.ts";
import { UnionStore } from "./union-store.ts";
import { Gate } from "./write.ts";

export interface OpenClusterOptions extends ExecOptions {
  readonly clock: Clock;
  readonly readOnly: boolean;
  readonly timeoutMilliseconds?: number | undefined;
  /** 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number;
}

export interface OpenCluster extends Cluster {
  readonly closed: boolean;
  /** Goes on with what the kubeconfig says by now. `false`: it says another cluster, which has to be opened. */
  renew(target: ConnectionTarget): boolean;
}

/** Wires the parts of one context together. The first request is the prober's. */
export function openCluster(target: ConnectionTarget, options: OpenClusterOptions): OpenCluster {
  const { clock, logger, env } = options;
  const context = target.context.name;
  const readOnly = createValue(options.readOnly);
  const login = createValue<Login | undefined>(undefined);
  const credentialsFor = (entries: ConnectionTarget): CredentialSource =>
    createCredentials(entries, { ...options, loggingIn: (now) => login.set(now) });
  let credentials = credentialsFor(target);
  const client = new HttpClient({
    target,
    credentials,
    env,
    clock,
    logger,
    readOnly,
    timeoutMilliseconds: options.timeoutMilliseconds,
  });
  const prober = new ConnectionProber(client, clock, options.random);
  const catalog = new CatalogLoader(client, logger);
  const metrics = new MetricsPoller(client, clock, target.context.namespace);
  const stores = createStores(client, prober, options);
  const portForwards = new PortForwarder({ client, clock, context, store: (query) => stores.store(query) });
  const closing = new AbortController();

  let lastState = prober.status.get().state;
  const unsubscribe = prober.status.subscribe(() => {
    const status = prober.status.get();
    if (status.state === lastState) return;
    const was = lastState;
    lastState = status.state;
    // Expired credentials end no watch that lives: it still tells the truth.
    if (status.state === "unreachable" && status.error instanceof ConnectionError) stores.connectionLost(status.error);
    if (status.state !== "connected") return;
    stores.retry();
    metrics.retry();
    if (was === "unreachable" || catalog.catalog.get().state === "failed") catalog.load();
  });
  prober.start();
  catalog.load();
  const retryNow = (): void => {
    credentials.retry();
    prober.retryNow();
    stores.retry();
    metrics.retry();
    if (catalog.catalog.get().state !== "ready") catalog.load();
  };

  return {
    context: target.context,
    status: prober.status,
    login,
    catalog: catalog.catalog,
    metrics: metrics.metrics,
    writes: new Gate({ client, clock, context, readOnly, live: (object) => stores.live(object) }),
    portForwards,
    access: new AccessReviews(client, clock),
    get closed() {
      return closing.signal.aborted;
    },
    store: (query) => stores.store(query),
    get: (object) => getObject(client, object),
    async list(resource, { namespace = "", labelSelector, fieldSelector }) {
      const query: Omit<ListQuery, "namespace"> = {
        resource: knownResource(resource, catalog.catalog.get().resources),
        form: "objects",
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      };
      const several = namespacesOf(namespace);
      const lists = (several.length === 0 ? [""] : several).map((one) =>
        listObjects(client, { ...query, namespace: one }, closing.signal),
      );
      return (await Promise.all(lists)).flat();
    },
    logs(query, handler, signal) {
      const both = AbortSignal.any([signal, closing.signal]);
      new LogFollower(client, clock, query, handler, both).start();
    },
    exec: (request) => openExecSession(client, request),
    attach: (request) => openExecSession(client, request),
    refreshCatalog: () => catalog.load(),
    retryNow,
    renew(entries) {
      if (!sameCluster(entries, target)) return false;
      credentials = credentialsFor(entries);
      client.renew(entries, credentials);
      retryNow();
      return true;
    },
    close() {
      if (closing.signal.aborted) return;
      closing.abort(new ConnectionError("cut", "the context was closed"));
      unsubscribe();
      prober.stop();
      catalog.stop();
      metrics.stop();
      stores.stop();
      portForwards.close();
      client.close();
    },
  };
}

/** Whether both are one cluster for all that can be known, and are shown the same. */
function sameCluster(left: ConnectionTarget, right: ConnectionTarget): boolean {
  const shown = ({ context, cluster }: ConnectionTarget): unknown => [context, cluster.certificateAuthority];
  return isDeepStrictEqual(shown(left), shown(right));
}

interface Stores {
  store(query: ListQuery): ResourceStore;
  /** The object as a watch that lives now tells it, whole. */
  live(target: ObjectTarget): KubeObject | undefined;
  retry(): void;
  connectionLost(error: KelpieError): void;
  stop(): void;
}

/** One store for equal queries. */
function createStores(client: HttpClient, prober: ConnectionProber, options: OpenClusterOptions): Stores {
  const { clock, logger, random } = options;
  const stores = new Map<string, SharedStore>();
  const keyOf = (query: ListQuery): string =>
    JSON.stringify([
      gvrKey(query.resource),
      query.namespace,
      query.labelSelector ?? "",
      query.fieldSelector ?? "",
      query.form,
    ]);
  const create = (query: ListQuery, key: string): SharedStore => {
    const store: SharedStore = new SharedStore({
      query,
      clock,
      reflect: (sink) =>
        new Reflector({
          client,
          query,
          sink,
          clock,
          logger,
          suspect: () => prober.suspect(),
          ...(random === undefined ? {} : { random }),
        }),
      onStart: () => void stores.set(key, store),
      onStop: () => {
        if (stores.get(key) === store) stores.delete(key);
      },
    });
    stores.set(key, store);
    return store;
  };
  const one = (query: ListQuery): SharedStore => {
    const key = keyOf(query);
    return stores.get(key) ?? create(query, key);
  };
  return {
    store(query) {
      const several = namespacesOf(query.namespace);
      return several.length < 2
        ? one(query)
        : new UnionStore(
            query,
            several.map((namespace) => one({ ...query, namespace })),
          );
    },
    live({ resource, uid }) {
      if (uid === undefined) return undefined;
      for (const store of stores.values()) {
        const { query } = store;
        if (query.form !== "objects" || gvrKey(query.resource) !== gvrKey(resource)) continue;
        const { status, rows } = store.get();
        const object = rows.get(uid)?.object;
        if (object !== undefined && status.state === "live" && status.mode === "watch") return object;
      }
      return undefined;
    },
    retry() {
      for (const store of stores.values()) store.retry();
    },
    connectionLost(error) {
      for (const store of stores.values()) store.connectionLost(error);
    },
    stop() {
      for (const store of Array.from(stores.values())) store.stop();
      stores.clear();
    },
  };
}

async function getObject(
  client: HttpClient,
  { resource, namespace, name }: { readonly resource: ApiResource; readonly namespace: string; readonly name: string },
): Promise<KubeObject> {
  const about = { verb: "get", resource: groupResource(resource), namespace, name };
  const path = apiPath(resource, { namespace: resource.namespaced ? namespace : "", name });
  const object = readWholeObject(await client.json({ path, about }), resource);
  if (object === undefined) {
    throw new ConnectionError("protocol", `cannot get ${about.resource} ${name}: the answer is not an object`);
  }
  return object;
}

/** What discovery knows of a resource; where it does not, objects without a kind of their own stay so. */
function knownResource(gvr: Gvr, resources: readonly ApiResource[]): ApiResource {
  const key = gvrKey(gvr);
  return (
    resources.find((resource) => gvrKey(resource) === key) ?? {
      kind: "",
      singular: "",
      namespaced: true,
      verbs: [],
      shortNames: [],
      categories: [],
      subresources: [],
      ...gvr,
    }
  );
}
