import type { Cluster, ListState, ResourceStore } from "../../cluster/cluster.ts";
import { nextTurn } from "../../lib/clock.ts";
import { Disposer } from "../../lib/disposer.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { ReleaseSummary } from "../../resources/helm/release-body.ts";
import {
  RELEASE_SECRET_TYPE,
  releaseSelector,
  storedRelease,
  type ReleaseDriver,
  type StoredRelease,
} from "../../resources/helm/stored-release.ts";
import { freshnessOf } from "../list-freshness.ts";
import type { Freshness } from "../view.ts";
import { readRelease } from "./read-release.ts";

/** What was read of a revision, or why it could not be. */
export type ReadSummary = ReleaseSummary | { readonly fault: string };

const DRIVERS: readonly ReleaseDriver[] = ["secrets", "configmaps"];

/** Revisions that are read at the same time. */
const AT_ONCE = 4;

/**
 * The revisions of releases in a namespace (`""`: all), or of one release, kept up to date by watches that bring
 * metadata alone: a Secret with a release may be a megabyte. The chart and the description stand within, so the
 * revisions that are asked for are read one by one, and again only when they changed.
 */
export class ReleaseRecords {
  readonly #cluster: Cluster;
  readonly #scope: { readonly namespace: string; readonly name?: string };
  readonly #changed: () => void;
  readonly #stores = new Map<ReleaseDriver, ResourceStore>();
  readonly #summaries = new Map<string, ReadSummary>();
  #waiting: StoredRelease[] = [];
  readonly #reading = new Set<string>();
  #shown: Disposer | undefined;

  constructor(cluster: Cluster, scope: { readonly namespace: string; readonly name?: string }, changed: () => void) {
    this.#cluster = cluster;
    this.#scope = scope;
    this.#changed = changed;
  }

  start(): void {
    const shown = new Disposer();
    this.#shown = shown;
    this.#stores.clear();
    const follow = (): void => {
      for (const driver of DRIVERS) this.#follow(driver, shown);
      this.#changed();
    };
    shown.add(this.#cluster.catalog.subscribe(follow));
    follow();
  }

  stop(): void {
    this.#shown?.dispose();
    this.#shown = undefined;
    this.#waiting = [];
  }

  reload(): void {
    for (const store of this.#stores.values()) store.reload();
  }

  #follow(driver: ReleaseDriver, shown: Disposer): void {
    if (this.#stores.has(driver)) return;
    const { resources } = this.#cluster.catalog.get();
    const resource = resources.find((each) => each.group === "" && each.resource === driver);
    if (resource === undefined) return;
    const store = this.#cluster.store({
      resource,
      namespace: this.#scope.namespace,
      labelSelector: releaseSelector(this.#scope.name),
      ...(driver === "secrets" ? { fieldSelector: `type=${RELEASE_SECRET_TYPE}` } : {}),
      form: "table",
    });
    this.#stores.set(driver, store);
    shown.add(store.subscribe(() => this.#changed()));
  }

  /** Every revision there is, in no order. */
  stored(): readonly StoredRelease[] {
    return [...this.#stores].flatMap(([driver, store]) =>
      [...store.get().rows.values()].flatMap(({ object }) => storedRelease(driver, object) ?? []),
    );
  }

  /** Of the Secrets: releases in ConfigMaps are seldom, and many may not list those. */
  freshness(): Freshness {
    const status: ListState | undefined = this.#stores.get("secrets")?.get().status;
    if (status !== undefined) return freshnessOf(status);
    const { state, error } = this.#cluster.catalog.get();
    if (state === "loading") return { state: "loading", loaded: 0 };
    return { state: "denied", reason: error?.message ?? "the server does not serve secrets" };
  }

  /** What was read of a revision; where nothing was yet, it is read and `changed` is called then. */
  summary(stored: StoredRelease): ReadSummary | undefined {
    const key = versionKey(stored);
    const known = this.#summaries.get(key);
    if (known === undefined && !this.#reading.has(key) && !this.#waiting.some((each) => versionKey(each) === key)) {
      this.#waiting.push(stored);
      this.#readMore();
    }
    return known;
  }

  #readMore(): void {
    while (this.#reading.size < AT_ONCE) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const key = versionKey(next);
      this.#reading.add(key);
      void this.#read(next).then((summary) => {
        this.#reading.delete(key);
        this.#summaries.set(key, summary);
        if (this.#shown === undefined) return;
        this.#changed();
        // Keys and frames come between two releases.
        nextTurn(() => this.#readMore());
      });
    }
  }

  async #read(stored: StoredRelease): Promise<ReadSummary> {
    try {
      return (await readRelease(this.#cluster, stored)).summary;
    } catch (error) {
      return { fault: errorMessage(error) };
    }
  }
}

function versionKey({ driver, namespace, objectName, uid, resourceVersion }: StoredRelease): string {
  return [driver, namespace, objectName, uid, resourceVersion].join(" ");
}
