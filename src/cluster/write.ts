import { randomUUID } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import { apiPath, groupResource, type ApiResource } from "../lib/kube/gvr.ts";
import { asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { holdsSecrets } from "../lib/kube/secret-values.ts";
import { createValue, type Value } from "../lib/subscribable.ts";
import { ApiError, type RequestSubject } from "./api-error.ts";
import type { JournalEntry, ObjectTarget, Propagation, Protection, WriteGate, WriteNote } from "./cluster.ts";
import { ConnectionError } from "./connection-error.ts";
import type { ApiRequest, HttpClient } from "./http-client.ts";
import { ReadOnlyError } from "./read-only-error.ts";
import { rowOfObject } from "./row-reader.ts";
import { WriteStates } from "./write-states.ts";

const CONTENT_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
} as const;

const FIELD_MANAGER = "fieldManager=kelpie";
/** Whoever keeps the journal takes each entry as it comes. */
const JOURNAL_LENGTH = 100;

export interface GateOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly context: string;
  readonly readOnly: Value<boolean>;
  /** The newest version of an object that a live watch has told of. */
  live(target: ObjectTarget): KubeObject | undefined;
}

/** A write on its way. */
interface Write {
  readonly operation: JournalEntry["operation"];
  readonly verb: string;
  readonly target: ObjectTarget;
  readonly request: Omit<ApiRequest, "about">;
  readonly subresource?: string | undefined;
  readonly dryRun?: boolean;
  readonly undoes?: string | undefined;
  /** Where the caller has just read it. */
  readonly before?: KubeObject | undefined;
}

/** The one gate for writes of a context. */
export class Gate implements WriteGate {
  readonly readOnly: Value<boolean>;
  readonly journal = createValue<readonly JournalEntry[]>([]);
  readonly protection = createValue<Protection>("open");
  readonly #permits = new Set<(target: ObjectTarget) => boolean>();
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #context: string;
  readonly #states: WriteStates;

  constructor(options: GateOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#context = options.context;
    this.readOnly = options.readOnly;
    this.#states = new WriteStates(options.client, (target) => options.live(target));
  }

  setReadOnly(readOnly: boolean): void {
    this.readOnly.set(readOnly);
  }

  setProtection(protection: Protection): void {
    this.protection.set(protection);
    if (protection === "read-only") this.readOnly.set(true);
  }

  permit(covers: (target: ObjectTarget) => boolean): () => void {
    this.#permits.add(covers);
    return () => this.#permits.delete(covers);
  }

  async delete(
    target: ObjectTarget,
    options: WriteNote & { readonly propagation?: Propagation; readonly gracePeriodSeconds?: number } = {},
  ): Promise<void> {
    const body = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      propagationPolicy: options.propagation ?? "Background",
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(target.uid === undefined ? {} : { preconditions: { uid: target.uid } }),
    };
    const { verb = "delete", undoes } = options;
    const request = { method: "DELETE", path: pathOf(target), body } as const;
    await this.#write({ operation: "delete", verb, target, request, undoes });
  }

  async scale(target: ObjectTarget, replicas: number, note: WriteNote = {}): Promise<void> {
    const { verb = "scale", undoes } = note;
    const request = {
      method: "PATCH",
      path: `${pathOf(target, "scale")}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.merge,
      body: withUid(target, { spec: { replicas } }),
    } as const;
    await this.#write({ operation: "update", verb, target, request, subresource: "scale", undoes });
  }

  async restart(target: ObjectTarget): Promise<void> {
    const restartedAt = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const annotations = { "kubectl.kubernetes.io/restartedAt": restartedAt };
    const request = {
      method: "PATCH",
      path: `${pathOf(target)}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.merge,
      body: withUid(target, { spec: { template: { metadata: { annotations } } } }),
    } as const;
    await this.#write({ operation: "update", verb: "restart", target, request });
  }

  async setImage(target: ObjectTarget, container: string, image: string): Promise<void> {
    this.#refuse("set the image of", target);
    const subject = subjectOf(target, "get");
    const object: unknown = await this.#client.json({ path: pathOf(target), about: subject });
    const place = containerPlace(object, container);
    if (place === undefined) {
      throw new ApiError(
        `cannot set the image of ${groupResource(target.resource)} ${target.name}: no container "${container}"`,
        404,
        { reason: "NotFound" },
      );
    }
    const body = place.reduceRight<unknown>((inner, field) => ({ [field]: inner }), [{ name: container, image }]);
    const request = {
      method: "PATCH",
      path: `${pathOf(target)}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.strategic,
      body: withUid(target, body),
    } as const;
    const before = rowOfObject(object, target.resource)?.object;
    await this.#write({ operation: "update", verb: "set the image of", target, request, before });
  }

  async patch(
    target: ObjectTarget,
    type: "merge" | "strategic" | "json",
    patch: unknown,
    options: WriteNote & { readonly dryRun?: boolean; readonly subresource?: string } = {},
  ): Promise<KubeObject> {
    const { dryRun = false, subresource, verb = "patch", undoes } = options;
    const request = {
      method: "PATCH",
      path: `${pathOf(target, subresource)}?${FIELD_MANAGER}${dryRun ? "&dryRun=All" : ""}`,
      contentType: CONTENT_TYPES[type],
      body: type === "json" ? patch : withUid(target, patch),
    } as const;
    const answer = await this.#write({ operation: "update", verb, target, request, subresource, dryRun, undoes });
    return this.#object(answer, target.resource);
  }

  async evict(pod: ObjectTarget, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const deleteOptions = {
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(pod.uid === undefined ? {} : { preconditions: { uid: pod.uid } }),
    };
    const { name, namespace } = pod;
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace }, deleteOptions };
    const request = { method: "POST", path: pathOf(pod, "eviction"), body } as const;
    await this.#write({ operation: "evict", verb: "evict", target: pod, request });
  }

  async create(
    resource: ApiResource,
    namespace: string,
    object: KubeObject,
    options: WriteNote & { readonly dryRun?: boolean; readonly lenient?: boolean } = {},
  ): Promise<KubeObject> {
    const { name = object.metadata.generateName ?? "" } = object.metadata;
    const { dryRun = false, verb = "create", undoes } = options;
    const strict = options.lenient === true ? "" : "&fieldValidation=Strict";
    const query = `${FIELD_MANAGER}${strict}${dryRun ? "&dryRun=All" : ""}`;
    const request = { method: "POST", path: `${apiPath(resource, { namespace })}?${query}`, body: object } as const;
    const target = { resource, namespace, name };
    const answer = await this.#write({ operation: "create", verb, target, request, dryRun, undoes });
    return this.#object(answer, resource);
  }

  async act<T>(verb: string, target: ObjectTarget, begin: () => Promise<T>): Promise<T> {
    this.#refuse(verb, target);
    this.#demandPermit(verb, target);
    try {
      const result = await begin();
      this.#record({ operation: "session", verb, target }, {});
      return result;
    } catch (error) {
      this.#record({ operation: "session", verb, target }, { failure: errorMessage(error) });
      throw error;
    }
  }

  #refuse(verb: string, target: ObjectTarget): void {
    if (this.readOnly.get()) throw new ReadOnlyError(`${verb} ${groupResource(target.resource)} ${nameOf(target)}`);
  }

  #demandPermit(verb: string, target: ObjectTarget): void {
    const protection = this.protection.get();
    if (protection !== "confirm" && protection !== "type-name") return;
    if ([...this.#permits].some((covers) => covers(target))) return;
    throw new KelpieError(`${verb} ${groupResource(target.resource)} ${nameOf(target)}: refused, nobody agreed to it`, {
      hint: `the protection of the context ${this.#context} wants a question before each write`,
    });
  }

  async #write(write: Write): Promise<unknown> {
    const { verb, target, request, dryRun = false } = write;
    this.#refuse(verb, target);
    if (dryRun) return this.#client.json({ ...request, about: subjectOf(target, verb) });
    this.#demandPermit(verb, target);
    const before = write.before ?? (await this.#states.before(write.operation, target));
    // The state before may have taken a moment to read.
    this.#refuse(verb, target);
    try {
      const answer = await this.#client.json({ ...request, about: subjectOf(target, verb) });
      this.#record(write, { before, after: this.#states.after(write.operation, target, before, answer) });
      return answer;
    } catch (error) {
      this.#record(write, { before, failure: errorMessage(error) });
      throw error;
    }
  }

  #record(
    { operation, verb, target, subresource = "", undoes }: Omit<Write, "request">,
    outcome: {
      readonly before?: KubeObject | undefined;
      readonly after?: KubeObject | undefined;
      readonly failure?: string;
    },
  ): void {
    const { resource, namespace } = target;
    const { before, after, failure } = outcome;
    const { name = target.name, uid = target.uid } = after?.metadata ?? {};
    const entry: JournalEntry = {
      id: randomUUID(),
      at: this.#clock.now(),
      verb,
      operation,
      context: this.#context,
      target: {
        group: resource.group,
        version: resource.version,
        resource: resource.resource,
        namespace,
        name,
        uid: uid ?? before?.metadata.uid,
        subresource,
      },
      result: failure === undefined ? "ok" : "failed",
      ...(failure === undefined ? {} : { message: holdsSecrets(resource) ? NOT_KEPT : failure }),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
      ...(undoes === undefined ? {} : { undoes }),
    };
    this.journal.update((entries) => [...entries.slice(1 - JOURNAL_LENGTH), entry]);
  }

  #object(answer: unknown, resource: ApiResource): KubeObject {
    const row = rowOfObject(answer, resource);
    if (row === undefined) {
      throw new ConnectionError(
        "protocol",
        `the server answered a write to ${groupResource(resource)} without an object`,
      );
    }
    return row.object;
  }
}

/** A server names the value it refuses. */
const NOT_KEPT = "the server's words are not kept: they may hold a value of the secret";

function nameOf(target: ObjectTarget): string {
  return target.namespace === "" ? target.name : `${target.namespace}/${target.name}`;
}

function subjectOf(target: ObjectTarget, verb: string): RequestSubject {
  return { verb, resource: groupResource(target.resource), namespace: target.namespace, name: target.name };
}

function pathOf(target: ObjectTarget, subresource?: string): string {
  return apiPath(target.resource, {
    namespace: target.resource.namespaced ? target.namespace : "",
    name: target.name,
    subresource,
  });
}

/** The uid in a patch is a precondition: the server answers 409 where the name belongs to another object by now. */
function withUid(target: ObjectTarget, patch: unknown): unknown {
  if (target.uid === undefined || typeof patch !== "object" || patch === null) return patch;
  const metadata = at(patch, "metadata");
  return { ...patch, metadata: { ...(typeof metadata === "object" ? metadata : {}), uid: target.uid } };
}

/** The path of field names to the list that holds a container: in a pod, a template, or the template of a CronJob. */
function containerPlace(object: unknown, container: string): readonly string[] | undefined {
  const specs = [["spec"], ["spec", "template", "spec"], ["spec", "jobTemplate", "spec", "template", "spec"]];
  for (const spec of specs) {
    for (const list of ["containers", "initContainers"]) {
      const found = asRecords(at(object, ...spec, list)).some((entry) => asString(entry["name"]) === container);
      if (found) return [...spec, list];
    }
  }
  return undefined;
}
