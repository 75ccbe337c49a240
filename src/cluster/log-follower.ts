import type { Clock } from "../lib/clock.ts";
import { KelpieError } from "../lib/errors.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { asRecords, asString, at } from "../lib/kube/object.ts";
import { isApiError, type RequestSubject } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { LogHandler, LogQuery } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import type { LogBatch } from "./log-batch.ts";
import { LogLineReader } from "./log-line-reader.ts";
import { OtherLogError, ResumeWindow } from "./log-resume-window.ts";
import { Sleeper } from "./sleeper.ts";
import { TimeSlice } from "./time-slice.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
const MAX_LINE_BYTES = 16 * 2 ** 20;
/** Nothing on the way to a server limits a stream to less. */
const LONG_STREAM_MILLISECONDS = 5000;
/** How often, and how long apart, a container's status is looked at again before it is believed against its log. */
const MOST_DOUBTS = 5;
const DOUBT_MILLISECONDS = 1000;
const LOOK_MILLISECONDS = 3000;

/** What a server says of a container that has no log yet. */
const WAITING = /is waiting to start/;

/** How a stream ended: as the server wanted it, or by a fault after which lines may be missing. */
type Ending = "complete" | "broken";

/** `replaced`: the container runs again as another instance; `unknown`: no right to look. */
type Fate = "running" | "ended" | "replaced" | "gone" | "unknown";

/** Follows one container's log over broken connections, without gaps or doubles. Stops when the signal aborts. */
export class LogFollower {
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #query: LogQuery;
  readonly #handler: LogHandler;
  readonly #signal: AbortSignal;
  readonly #backoff = new Backoff();
  readonly #sleeper: Sleeper;
  readonly #window = new ResumeWindow();
  /** Of the present or the last stream. */
  #reader: LogLineReader;
  /** The timestamp of the line that was delivered last. */
  #lastTime: string | undefined;
  #streamedSince = 0;
  /** Lines of the present stream that were not known before. */
  #brought = 0;
  #interrupted = false;
  /** The present stream was opened after the instance had ended: it brings what was written last, or nothing. */
  #lookedForMore = false;
  /** The stream before the present one ended by itself, as it does with the instance. */
  #ended = false;
  /** How often in a row a resumed stream was not what the status says. */
  #doubts = 0;

  constructor(client: HttpClient, clock: Clock, query: LogQuery, handler: LogHandler, signal: AbortSignal) {
    this.#client = client;
    this.#clock = clock;
    this.#query = query;
    this.#handler = handler;
    this.#signal = signal;
    this.#sleeper = new Sleeper(clock);
    this.#reader = this.#newReader();
  }

  start(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    let last: Ending | undefined;
    while (!this.#signal.aborted) {
      try {
        if (last !== undefined && (await this.#isOver(last))) return;
        last = "broken";
        await this.#stream();
        last = "complete";
        this.#ended = true;
        if (this.#signal.aborted) return;
        if (!this.#query.follow) {
          this.#finish();
          return;
        }
      } catch (error) {
        if (error instanceof OtherLogError) {
          this.#doubts += 1;
          await this.#sleeper.sleep(DOUBT_MILLISECONDS, this.#signal);
          continue;
        }
        this.#doubts = 0;
        if (this.#signal.aborted || (await this.#gaveUp(error))) return;
        this.#ended = false;
      }
    }
  }

  /** After a stream: whether nothing more can come. Reads what is left of an instance that another one has replaced. */
  async #isOver(last: Ending): Promise<boolean> {
    // Something on the way may have ended a long stream before the container ended: its last words are looked for.
    const wasLong = this.#clock.now() - this.#streamedSince > LONG_STREAM_MILLISECONDS;
    let fate = await this.#fate();
    if (last === "complete" && (fate === "running" || (fate === "unknown" && this.#brought > 0))) {
      // The stream ended and the container did not: the server or something on the way limits how long it may last.
      await this.#sleeper.sleep(this.#backoff.next(), this.#signal);
      fate = await this.#fate();
    }
    if (this.#signal.aborted) return true;
    switch (fate) {
      case "running":
        return false;
      case "unknown":
        // Without the right to look, a stream that ends at once and brings nothing tells that there is nothing.
        if (last === "broken" || this.#brought > 0) return false;
        break;
      case "ended":
        if (last === "broken" || (wasLong && !(this.#lookedForMore && this.#brought === 0))) {
          this.#lookedForMore = true;
          return false;
        }
        break;
      case "replaced":
        await this.#stream(true);
        break;
      case "gone":
        if (last === "broken") {
          this.#lost();
          return true;
        }
    }
    this.#finish();
    return true;
  }

  /** Tells the handler; `true` when there is nothing to wait for. */
  async #gaveUp(error: unknown): Promise<boolean> {
    const cause = connectionErrorFrom(error, this.#client.server);
    const started = this.#lastTime !== undefined;
    const waiting = !started && isApiError(cause, 400) && WAITING.test(cause.message);
    const transient =
      waiting || !isApiError(cause) || cause.status >= 500 || cause.status === 429 || cause.status === 401;
    if (started && isApiError(cause, 400, 404)) {
      // Where the last stream was ended by the server, it ended with the instance.
      if (this.#ended) this.#finish();
      else this.#lost();
      return true;
    }
    if (!this.#query.follow || !transient) {
      this.#deliverPartial();
      this.#handler.failed(cause);
      return true;
    }
    const wait = this.#backoff.next(isApiError(cause) ? cause.retryAfterMilliseconds : 0);
    this.#interrupted = true;
    this.#handler.interrupted(cause, this.#clock.now() + wait);
    await this.#sleeper.sleep(wait, this.#signal);
    return false;
  }

  #finish(): void {
    this.#deliverPartial();
    this.#handler.ended();
  }

  /** The log can be read no more, and nobody knows whether something was missed. */
  #lost(): void {
    this.#deliverPartial();
    const after = this.#lastTime === undefined ? "" : ` after ${this.#lastTime}`;
    this.#handler.failed(
      new KelpieError(`the stream broke and its log is gone: what it wrote${after} may be missing here`),
    );
  }

  /** What came of a last line before the stream ended; a stream that is resumed brings that line again, whole. */
  #deliverPartial(): void {
    const reader = this.#reader;
    this.#reader = this.#newReader();
    const partial = reader.rest();
    if (partial !== undefined && !this.#window.maybeKnown(reader.keyOf(partial)))
      void this.#deliver(reader.last(partial));
  }

  /**
   * @param replaced reads the instance before the present one, to its end
   * @throws OtherLogError where the status may be late: the node follows the next instance before the API server knows of it
   */
  async #stream(replaced = false): Promise<void> {
    const resumed = this.#ended || this.#window.lastKey !== undefined;
    const doubt = resumed && !replaced && this.#query.containerId !== undefined && this.#doubts < MOST_DOUBTS;
    const since = this.#window.resume(doubt);
    this.#brought = 0;
    this.#streamedSince = this.#clock.now();
    const another = new AbortController();
    const stopLooking = doubt ? this.#lookAgain(another) : undefined;
    try {
      await this.#receive(since, replaced, AbortSignal.any([this.#signal, another.signal]));
    } catch (error) {
      throw another.signal.aborted ? new OtherLogError("the instance was replaced") : error;
    } finally {
      stopLooking?.();
    }
  }

  /** Nothing of a resumed stream was known yet: it may be the silent one of the next instance. */
  #lookAgain(another: AbortController): () => void {
    let looks = 0;
    const look = (fate: Fate): void => {
      looks += 1;
      if (looks === MOST_DOUBTS) stop();
      if ((fate === "replaced" || fate === "gone") && !this.#window.matched) another.abort();
    };
    const stop = this.#clock.every(LOOK_MILLISECONDS, () => {
      // While the server does not answer, nothing is known.
      if (this.#window.matched) stop();
      else this.#fate().then(look, () => undefined);
    });
    return stop;
  }

  async #receive(since: string | undefined, replaced: boolean, signal: AbortSignal): Promise<void> {
    const { body } = await this.#client.send({
      path: this.#path(since, replaced),
      about: this.#subject("read the log of"),
      accept: "*/*",
      signal,
      patience: this.#query.follow && !replaced ? "quiet" : "answer",
    });
    if (this.#interrupted) this.#handler.resumed?.();
    this.#interrupted = false;
    this.#reader = this.#newReader();
    const slice = new TimeSlice();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const waiting = this.#deliver(this.#reader.push(chunk));
      if (waiting !== undefined) await waiting;
      await slice.breathe();
    }
  }

  #path(since: string | undefined, replaced: boolean): string {
    const { namespace, pod, container, tailLines, sinceSeconds } = this.#query;
    const follow = this.#query.follow && !replaced;
    const previous = this.#query.previous === true || replaced;
    const parameters = new URLSearchParams(container === "" ? {} : { container });
    parameters.set("timestamps", "true");
    if (follow) parameters.set("follow", "true");
    if (previous) parameters.set("previous", "true");
    if (since !== undefined) parameters.set("sinceTime", since);
    else {
      if (tailLines !== undefined) parameters.set("tailLines", String(tailLines));
      if (sinceSeconds !== undefined) parameters.set("sinceSeconds", String(sinceSeconds));
    }
    return `${apiPath(PODS, { namespace, name: pod, subresource: "log" })}?${parameters.toString()}`;
  }

  #newReader(): LogLineReader {
    return new LogLineReader({
      maxBytes: MAX_LINE_BYTES,
      keep: (bytes, start, end, key) => this.#window.isNew(bytes, start, end, key),
      now: () => this.#clock.now(),
      lastKey: this.#window.lastKey,
      highestKey: this.#window.highestKey,
    });
  }

  /** @returns what the handler wants to be waited for before it is given more */
  #deliver(batch: LogBatch): Promise<void> | undefined {
    if (batch.length === 0) return undefined;
    this.#backoff.reset();
    this.#doubts = 0;
    this.#brought += batch.length;
    const before = this.#lastTime;
    const first = batch.at(0);
    if (this.#window.takeGap() && before !== undefined && first !== undefined) this.#handler.gap?.(before, first.time);
    this.#lastTime = batch.at(batch.length - 1)?.time;
    return this.#handler.lines(batch);
  }

  /** What has become of the instance whose log is read. */
  async #fate(): Promise<Fate> {
    const { namespace, pod, container, containerId } = this.#query;
    let object: unknown;
    try {
      object = await this.#client.json({
        path: apiPath(PODS, { namespace, name: pod }),
        about: { verb: "get", resource: "pods", namespace, name: pod },
        signal: this.#signal,
      });
    } catch (error) {
      if (isApiError(error, 403)) return "unknown";
      if (isApiError(error, 404)) return "gone";
      throw error;
    }
    const status = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
      .flatMap((list) => asRecords(at(object, "status", list)))
      .find((one) => container === "" || one["name"] === container);
    const present = asString(status?.["containerID"]);
    if (containerId !== undefined && present !== "" && present !== containerId) {
      return at(status, "lastState", "terminated", "containerID") === containerId ? "replaced" : "gone";
    }
    return at(status, "state", "running") === undefined ? "ended" : "running";
  }

  #subject(verb: string): RequestSubject {
    const { namespace, pod, container } = this.#query;
    return { verb, resource: "pods", namespace, name: container === "" ? pod : `${pod} (${container})` };
  }
}
