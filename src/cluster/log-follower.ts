import type { Clock } from "../lib/clock.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { asRecords, at } from "../lib/kube/object.ts";
import { isApiError, type RequestSubject } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { LogHandler, LogLine, LogQuery } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import { LineSplitter } from "./line-splitter.ts";
import { ResumeWindow } from "./log-resume-window.ts";
import { Sleeper } from "./sleeper.ts";
import { TimeSlice } from "./time-slice.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
const MAX_LINE_BYTES = 16 * 2 ** 20;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

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

  constructor(client: HttpClient, clock: Clock, query: LogQuery, handler: LogHandler, signal: AbortSignal) {
    this.#client = client;
    this.#clock = clock;
    this.#query = query;
    this.#handler = handler;
    this.#signal = signal;
    this.#sleeper = new Sleeper(clock);
  }

  start(): void {
    void this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#stream();
        if (this.#signal.aborted) return;
        if (!this.#query.follow || !(await this.#runsOn())) {
          this.#handler.ended();
          return;
        }
        // The stream ended and the container did not: the server or something on the way limits how long it may last.
        await this.#sleeper.sleep(this.#backoff.next(), this.#signal);
      } catch (error) {
        if (this.#signal.aborted || (await this.#gaveUp(error))) return;
      }
    }
  }

  /** Tells the handler; `true` when there is nothing to wait for. */
  async #gaveUp(error: unknown): Promise<boolean> {
    const cause = connectionErrorFrom(error, this.#client.server);
    const started = this.#window.last !== undefined;
    const transient = !isApiError(cause) || cause.status >= 500 || cause.status === 429 || cause.status === 401;
    if (started && isApiError(cause, 400, 404)) {
      this.#handler.ended();
      return true;
    }
    if (!this.#query.follow || !transient) {
      this.#handler.failed(cause);
      return true;
    }
    const wait = this.#backoff.next(isApiError(cause) ? cause.retryAfterMilliseconds : 0);
    this.#handler.interrupted(cause, this.#clock.now() + wait);
    await this.#sleeper.sleep(wait, this.#signal);
    return false;
  }

  async #stream(): Promise<void> {
    const { follow } = this.#query;
    const resumed = this.#window.resume();
    const { body } = await this.#client.send({
      path: this.#path(resumed),
      about: this.#subject("read the log of"),
      accept: "*/*",
      signal: this.#signal,
      patience: follow ? "quiet" : "answer",
    });
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    const slice = new TimeSlice();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.#deliver(splitter.push(chunk));
      await slice.breathe();
    }
    // Only a stream that ended well may end without a newline; a cut one brings its last line again.
    const last = splitter.end();
    if (last !== undefined) this.#deliver([last]);
  }

  #path(since: string | undefined): string {
    const { namespace, pod, container, follow, previous, tailLines, sinceSeconds } = this.#query;
    const parameters = new URLSearchParams({ container, timestamps: "true" });
    if (follow) parameters.set("follow", "true");
    if (previous === true) parameters.set("previous", "true");
    if (since !== undefined) parameters.set("sinceTime", since);
    else {
      if (tailLines !== undefined) parameters.set("tailLines", String(tailLines));
      if (sinceSeconds !== undefined) parameters.set("sinceSeconds", String(sinceSeconds));
    }
    return `${apiPath(PODS, { namespace, name: pod, subresource: "log" })}?${parameters.toString()}`;
  }

  #deliver(texts: readonly string[]): void {
    const lines: LogLine[] = [];
    for (const text of texts) {
      const line = this.#parse(text);
      if (this.#window.isNew(line)) lines.push(line);
    }
    if (lines.length === 0) return;
    this.#backoff.reset();
    this.#handler.lines(lines);
  }

  #parse(text: string): LogLine {
    const space = text.indexOf(" ");
    const time = space === -1 ? text : text.slice(0, space);
    if (TIMESTAMP.test(time)) return { time, text: space === -1 ? "" : text.slice(space + 1) };
    // The kubelet's own complaints, and further pieces of a giant line, have no timestamp.
    return { time: this.#window.last ?? new Date(this.#clock.now()).toISOString(), text };
  }

  /** Whether the container whose log ended is still running. */
  async #runsOn(): Promise<boolean> {
    const { namespace, pod, container } = this.#query;
    let object: unknown;
    try {
      object = await this.#client.json({
        path: apiPath(PODS, { namespace, name: pod }),
        about: { verb: "get", resource: "pods", namespace, name: pod },
        signal: this.#signal,
      });
    } catch (error) {
      // Without the right to look there is no telling: what ended well has ended.
      if (isApiError(error, 403, 404)) return false;
      throw error;
    }
    return ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"].some((list) =>
      asRecords(at(object, "status", list)).some(
        (status) => status["name"] === container && at(status, "state", "running") !== undefined,
      ),
    );
  }

  #subject(verb: string): RequestSubject {
    const { namespace, pod, container } = this.#query;
    return { verb, resource: "pods", namespace, name: `${pod} (${container})` };
  }
}
