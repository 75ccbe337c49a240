import type { Readable } from "node:stream";
import { delay, systemClock, type Clock } from "../lib/clock.ts";
import { KelpieError } from "../lib/errors.ts";
import { groupResource } from "../lib/kube/gvr.ts";
import { asArray, asString, at, isRecord } from "../lib/kube/object.ts";
import type { TableColumnDefinition } from "../lib/kube/table.ts";
import type { Logger } from "../lib/log.ts";
import { apiErrorFromStatus, isApiError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { ListQuery, ListState, ResourceRow } from "./cluster.ts";
import { ConnectionError, connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import { LineSplitter } from "./line-splitter.ts";
import { listPages, queryPath, subjectOf, TABLE_ACCEPT } from "./list-request.ts";
import { readColumns, rowOfObject, rowOfTable, withPlainCells } from "./row-reader.ts";
import { Sleeper } from "./sleeper.ts";
import { oneTurn, TimeSlice } from "./time-slice.ts";

/** What a reflector fills. */
export interface ReflectorSink {
  /** Rows that do not come again before `listed` are gone. */
  listing(): void;
  listed(): void;
  put(row: ResourceRow): void;
  remove(key: string): void;
  columns(columns: readonly TableColumnDefinition[]): void;
  state(state: ListState): void;
  /** The data is known to be new as of now. */
  fresh(): void;
}

export interface ReflectorOptions {
  readonly client: HttpClient;
  readonly query: ListQuery;
  readonly sink: ReflectorSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 to 1; default Math.random. */
  readonly random?: () => number;
  /** A connection failed: the prober looks at once. */
  readonly suspect?: () => void;
}

const POLL_MILLISECONDS = 5000;
const DENIED_RETRY_MILLISECONDS = 60_000;
/** A server that has just started forbids everything until it has read its roles. */
const FIRST_DENIED_RETRY_MILLISECONDS = 5000;
/** A watch that lived so long was a good one: when it is cut, the next try comes at once. */
const GOOD_WATCH_MILLISECONDS = 5000;
const WATCH_SECONDS_LEAST = 300;
const WATCH_SECONDS_SPREAD = 300;
/** A watch that the server does not end in its time is ended here. */
const WATCH_OVERTIME_MILLISECONDS = 30_000;
/** A watch whose server sends bookmarks is never silent for so long. */
const MOST_SILENCE_MILLISECONDS = 200_000;
const WATCH_CHECK_MILLISECONDS = 30_000;
/** Events that follow each other faster than this are read together: a little less often than stores tell of them. */
const GATHER_MILLISECONDS = 70;
/** A watch that brings so much at once is read on. */
const GATHER_BYTES = 32_768;

/**
 * Keeps a sink equal to what the server has: lists, then watches from the list's version, and never gives up. Client-go's
 * Reflector (tools/cache/reflector.go) is the model; unlike it, a forbidden or impossible watch becomes polling.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #sleeper: Sleeper;
  readonly #stopped = new AbortController();
  /** Ends the list or watch that runs, without ending the reflector. */
  #current = new AbortController();
  #version = "";
  #polling: boolean;
  #staleSince: number | undefined;
  #relist = false;
  #denied = false;
  /** The server sends bookmarks, about one a minute. */
  #bookmarked = false;
  #lastListed = Number.NEGATIVE_INFINITY;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(this.#random);
    this.#sleeper = new Sleeper(options.clock);
    this.#polling = !options.query.resource.verbs.includes("watch");
  }

  /** Runs until `stop`. */
  start(): void {
    this.#run().catch((error: unknown) => {
      this.#options.logger.error("reflector ended", { resource: groupResource(this.#options.query.resource), error });
    });
  }

  stop(): void {
    this.#stopped.abort();
    this.#current.abort();
  }

  /** Lists anew now. */
  reload(): void {
    this.#relist = true;
    this.#polling = !this.#options.query.resource.verbs.includes("watch");
    this.#current.abort();
    this.#sleeper.wake();
  }

  /** Tries at once instead of waiting for the back-off. */
  retry(): void {
    this.#backoff.reset();
    this.#sleeper.wake();
  }

  /** The server is known to be away: a watch that hangs silently is ended and the rows become stale. */
  connectionLost(error: KelpieError): void {
    this.#current.abort(error);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#list();
        if (this.#polling) {
          this.#live("poll");
          await this.#sleeper.sleep(POLL_MILLISECONDS, signal);
        } else {
          this.#live("watch");
          await this.#watchOn();
        }
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, query, sink, clock } = this.#options;
    this.#relist = false;
    this.#current = new AbortController();
    sink.listing();
    const listener = {
      row: (row: ResourceRow) => this.#put(row),
      columns: (columns: readonly TableColumnDefinition[]) => sink.columns(columns),
      restarted: () => sink.listing(),
    };
    this.#version = await listPages(client, query, listener, this.#current.signal);
    sink.listed();
    sink.fresh();
    this.#denied = false;
    this.#lastListed = clock.now();
  }

  /** Watches, again and again, until a new list is needed. */
  async #watchOn(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted && !this.#relist) {
      const started = clock.now();
      try {
        await this.#watchOnce();
        if (signal.aborted || this.#relist) return;
        // A server that ends watches at once must not be asked thousands of times.
        if (clock.now() - started < 1000) await this.#sleeper.sleep(this.#backoff.next(), signal);
        else this.#backoff.reset();
      } catch (error) {
        if (signal.aborted || this.#relist) return;
        if (isApiError(error, 410) || isAheadOfServer(error)) {
          if (clock.now() - this.#lastListed < 1000) await this.#sleeper.sleep(this.#backoff.next(), signal);
          return;
        }
        if (isApiError(error, 403, 405)) {
          this.#polling = true;
          return;
        }
        const good = clock.now() - started >= GOOD_WATCH_MILLISECONDS;
        if (good) this.#backoff.reset();
        const lost: unknown = this.#current.signal.reason;
        const cause = lost instanceof ConnectionError ? lost : error;
        if (!good || lost instanceof ConnectionError) await this.#failed(cause);
        // A server that was away may come back with another store, whose versions say nothing about the rows.
        if (wasAway(cause)) return;
      }
    }
  }

  /** One watch request to its end. */
  async #watchOnce(): Promise<void> {
    const { client, query, clock } = this.#options;
    this.#current = new AbortController();
    const seconds = WATCH_SECONDS_LEAST + Math.floor(this.#random() * WATCH_SECONDS_SPREAD);
    const { body } = await client.send({
      path: queryPath(query, {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: this.#version,
        timeoutSeconds: String(seconds),
      }),
      about: subjectOf(query, "watch"),
      accept: query.form === "table" ? TABLE_ACCEPT : "application/json",
      signal: this.#current.signal,
      patience: "watch",
    });
    this.#live("watch");
    const splitter = new LineSplitter();
    const slice = new TimeSlice();
    let heard = clock.now();
    let over = false;
    let read = Number.NEGATIVE_INFINITY;
    const ends = heard + seconds * 1000 + WATCH_OVERTIME_MILLISECONDS;
    // A connection may live, by a proxy, and bring nothing more: the next watch brings what this one kept.
    const cancel = clock.every(
      WATCH_CHECK_MILLISECONDS,
      () => {
        const silent = this.#bookmarked && clock.now() - heard > MOST_SILENCE_MILLISECONDS;
        over ||= silent || clock.now() > ends;
        if (over) body.destroy();
      },
      { background: true },
    );
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        heard = clock.now();
        slice.restart();
        for (const line of splitter.push(chunk)) {
          if (line !== "") this.#event(line);
          await slice.breathe();
        }
        // Waking up for an event costs more than the event. Those who wait for it hear of it as soon as they would.
        const often = performance.now() - read < 2 * GATHER_MILLISECONDS;
        if (often && chunk.length < GATHER_BYTES) await gather(body, this.#current.signal);
        read = performance.now();
      }
    } catch (error) {
      if (!over) throw connectionErrorFrom(error, client.server);
    } finally {
      cancel();
    }
  }

  #event(line: string): void {
    const { query, sink } = this.#options;
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch (error) {
      // Reading on would lose the event: the watch begins again from the last one that was understood.
      throw new ConnectionError("protocol", `cannot watch ${groupResource(query.resource)}: an event is not JSON`, {
        cause: error,
      });
    }
    const type = asString(at(event, "type"));
    const object = at(event, "object");
    if (type === "ERROR") throw apiErrorFromStatus(object, subjectOf(query, "watch"));
    if (!isRecord(object)) {
      throw new ConnectionError("protocol", `cannot watch ${groupResource(query.resource)}: an event has no object`);
    }
    if (object["kind"] === "Table") this.#tableEvent(type, object);
    else if (type === "BOOKMARK") this.#bookmark(at(object, "metadata", "resourceVersion"));
    else this.#rowEvent(type, rowOfObject(object, query.resource));
    sink.fresh();
  }

  #tableEvent(type: string, table: Readonly<Record<string, unknown>>): void {
    const { query, sink } = this.#options;
    const columns = readColumns(table["columnDefinitions"]);
    if (columns !== undefined && type !== "BOOKMARK") sink.columns(columns);
    for (const value of asArray(table["rows"])) {
      if (type === "BOOKMARK") this.#bookmark(at(value, "object", "metadata", "resourceVersion"));
      else this.#rowEvent(type, rowOfTable(value, query.resource));
    }
    this.#advance(at(table, "metadata", "resourceVersion"));
  }

  #rowEvent(type: string, row: ResourceRow | undefined): void {
    const { query, sink, logger } = this.#options;
    if (row === undefined) {
      logger.warn("a watch event has an object without metadata", { resource: groupResource(query.resource), type });
      return;
    }
    const version = row.object.metadata.resourceVersion;
    if (type === "DELETED") sink.remove(row.key);
    else if (type === "ADDED" || type === "MODIFIED") {
      this.#put(query.form === "table" && row.cells === undefined ? withPlainCells(row) : row);
    } else return;
    this.#backoff.reset();
    this.#advance(version);
  }

  #put(row: ResourceRow): void {
    const { sink, clock } = this.#options;
    sink.put(row.cells === undefined ? row : { ...row, printedAt: clock.now() });
  }

  #bookmark(version: unknown): void {
    this.#bookmarked = true;
    if (typeof version === "string" && isOlder(version, this.#version)) {
      const message = `the resource version went back from ${this.#version} to ${version}`;
      throw apiErrorFromStatus({ code: 410, reason: "Expired", message }, subjectOf(this.#options.query, "watch"));
    }
    this.#advance(version);
  }

  #advance(version: unknown): void {
    if (typeof version === "string" && version !== "") this.#version = version;
  }

  #live(mode: "watch" | "poll"): void {
    if (mode === "poll") this.#backoff.reset();
    this.#staleSince = undefined;
    this.#options.sink.state({ state: "live", mode });
  }

  /** Says what is wrong and waits. */
  async #failed(error: unknown): Promise<void> {
    const { clock, sink, client, suspect } = this.#options;
    const { signal } = this.#stopped;
    if (this.#relist) return;
    const lost: unknown = this.#current.signal.reason;
    const cause = lost instanceof KelpieError ? lost : connectionErrorFrom(error, client.server);
    if (isApiError(cause, 403)) {
      sink.state({ state: "denied", error: cause });
      const again = this.#denied ? DENIED_RETRY_MILLISECONDS : FIRST_DENIED_RETRY_MILLISECONDS;
      this.#denied = true;
      await this.#sleeper.sleep(again, signal);
      return;
    }
    if (cause instanceof ConnectionError) suspect?.();
    const wait = this.#backoff.next(isApiError(cause) ? cause.retryAfterMilliseconds : 0);
    this.#staleSince ??= clock.now();
    sink.state({ state: "stale", since: this.#staleSince, error: cause, retryAt: clock.now() + wait });
    await this.#sleeper.sleep(wait, signal);
  }
}

/** Waits for more, unless it is there already: two turns later what had come in has been read. */
async function gather(body: Readable, signal: AbortSignal): Promise<void> {
  await oneTurn();
  await oneTurn();
  if (body.readableLength > 0) return;
  await delay(systemClock, GATHER_MILLISECONDS, signal).catch(() => undefined);
}

/** The server's history is behind what was seen: it has lost its store, or was replaced by another one. */
function isAheadOfServer(error: unknown): boolean {
  return isApiError(error, 504) && error.message.includes("Too large resource version");
}

/** Versions are decimal numbers of any length (KEP-5504). */
function isOlder(left: string, right: string): boolean {
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right)) return false;
  return left.length === right.length ? left < right : left.length < right.length;
}

/** Not merely a connection that was cut. */
function wasAway(error: unknown): boolean {
  return error instanceof ConnectionError && error.fault !== "cut" && error.fault !== "protocol";
}
