import type { Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import { apiPath, groupResource, type ApiResource } from "../lib/kube/gvr.ts";
import { asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { createValue, type Value } from "../lib/subscribable.ts";
import { ApiError, type RequestSubject } from "./api-error.ts";
import type { JournalEntry, ObjectTarget, Propagation, Protection, WriteGate } from "./cluster.ts";
import { ConnectionError } from "./connection-error.ts";
import type { ApiRequest, HttpClient } from "./http-client.ts";
import { ReadOnlyError } from "./read-only-error.ts";
import { rowOfObject } from "./row-reader.ts";

const CONTENT_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
} as const;

const FIELD_MANAGER = "fieldManager=kelpie";
const JOURNAL_LENGTH = 1000;

export interface GateOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly context: string;
  readonly readOnly: Value<boolean>;
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

  constructor(options: GateOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#context = options.context;
    this.readOnly = options.readOnly;
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
    options: { readonly propagation?: Propagation; readonly gracePeriodSeconds?: number } = {},
  ): Promise<void> {
    const body = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      propagationPolicy: options.propagation ?? "Background",
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(target.uid === undefined ? {} : { preconditions: { uid: target.uid } }),
    };
    await this.#write("delete", target, { method: "DELETE", path: pathOf(target), body });
  }

  async scale(target: ObjectTarget, replicas: number): Promise<void> {
    await this.#write("scale", target, {
      method: "PATCH",
      path: `${pathOf(target, "scale")}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.merge,
      body: withUid(target, { spec: { replicas } }),
    });
  }

  async restart(target: ObjectTarget): Promise<void> {
    const restartedAt = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const annotations = { "kubectl.kubernetes.io/restartedAt": restartedAt };
    await this.#write("restart", target, {
      method: "PATCH",
      path: `${pathOf(target)}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.merge,
      body: withUid(target, { spec: { template: { metadata: { annotations } } } }),
    });
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
    await this.#write("set the image of", target, {
      method: "PATCH",
      path: `${pathOf(target)}?${FIELD_MANAGER}`,
      contentType: CONTENT_TYPES.strategic,
      body: withUid(target, body),
    });
  }

  async patch(
    target: ObjectTarget,
    type: "merge" | "strategic" | "json",
    patch: unknown,
    options: { readonly dryRun?: boolean; readonly subresource?: string; readonly verb?: string } = {},
  ): Promise<KubeObject> {
    const dryRun = options.dryRun === true;
    const answer = await this.#write(
      options.verb ?? "patch",
      target,
      {
        method: "PATCH",
        path: `${pathOf(target, options.subresource)}?${FIELD_MANAGER}${dryRun ? "&dryRun=All" : ""}`,
        contentType: CONTENT_TYPES[type],
        body: type === "json" ? patch : withUid(target, patch),
      },
      dryRun,
    );
    return this.#object(answer, target.resource);
  }

  async evict(pod: ObjectTarget, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const deleteOptions = {
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(pod.uid === undefined ? {} : { preconditions: { uid: pod.uid } }),
    };
    const { name, namespace } = pod;
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace }, deleteOptions };
    await this.#write("evict", pod, { method: "POST", path: pathOf(pod, "eviction"), body });
  }

  async create(
    resource: ApiResource,
    namespace: string,
    object: KubeObject,
    options: { readonly dryRun?: boolean; readonly lenient?: boolean } = {},
  ): Promise<KubeObject> {
    const { name = object.metadata.generateName ?? "" } = object.metadata;
    const dryRun = options.dryRun === true;
    const strict = options.lenient === true ? "" : "&fieldValidation=Strict";
    const query = `${FIELD_MANAGER}${strict}${dryRun ? "&dryRun=All" : ""}`;
    const answer = await this.#write(
      "create",
      { resource, namespace, name },
      { method: "POST", path: `${apiPath(resource, { namespace })}?${query}`, body: object },
      dryRun,
    );
    return this.#object(answer, resource);
  }

  async act<T>(verb: string, target: ObjectTarget, begin: () => Promise<T>): Promise<T> {
    this.#refuse(verb, target);
    this.#demandPermit(verb, target);
    try {
      const result = await begin();
      this.#record(verb, target);
      return result;
    } catch (error) {
      this.#record(verb, target, errorMessage(error));
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

  async #write(
    verb: string,
    target: ObjectTarget,
    request: Omit<ApiRequest, "about">,
    dryRun = false,
  ): Promise<unknown> {
    this.#refuse(verb, target);
    if (!dryRun) this.#demandPermit(verb, target);
    try {
      const answer = await this.#client.json({ ...request, about: subjectOf(target, verb) });
      if (!dryRun) this.#record(verb, target);
      return answer;
    } catch (error) {
      if (!dryRun) this.#record(verb, target, errorMessage(error));
      throw error;
    }
  }

  #record(verb: string, target: ObjectTarget, failure?: string): void {
    const entry: JournalEntry = {
      at: this.#clock.now(),
      verb,
      context: this.#context,
      object: `${groupResource(target.resource)} ${nameOf(target)}`,
      result: failure === undefined ? "ok" : "failed",
      ...(failure === undefined ? {} : { message: isSecret(target) ? NOT_KEPT : failure }),
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

function isSecret({ resource }: ObjectTarget): boolean {
  return resource.group === "" && resource.resource === "secrets";
}

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
