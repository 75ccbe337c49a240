import { createHash } from "node:crypto";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { isRecord, type Json } from "../../lib/kube/object.ts";
import {
  kindExtension,
  PATCH_DEFINITION,
  pathsOfResource,
  type OpenApiOperation,
  type OpenApiParameter,
} from "./openapi-operations.ts";
import { openApiDefinitions } from "./schema.ts";

export interface OpenApiDocument {
  /** JSON text. */
  readonly body: string;
  /** SHA-512 of the body, upper-case hex: clients keep the document for ever under it. */
  readonly hash: string;
}

const REFERENCE = "#/components/schemas/";
const BODY_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/** kubectl looks for these to decide how it patches; without them it loads the whole v2 document. */
const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** `/openapi/v3` of a set of resources. Documents are made when they are first asked for, and kept. */
export class OpenApiV3 {
  readonly #version: string;
  readonly #groups = new Map<string, ApiResource[]>();
  readonly #documents = new Map<string, OpenApiDocument>();

  /** @param version of Kubernetes, `v1.36.4` */
  constructor(resources: readonly ApiResource[], version: string) {
    this.#version = version;
    for (const resource of resources) {
      const path = resource.group === "" ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
      const list = this.#groups.get(path);
      if (list === undefined) this.#groups.set(path, [resource]);
      else list.push(resource);
    }
  }

  /** The answer of `GET /openapi/v3`: where each group's document is. */
  index(): Json {
    const paths = [...this.#groups.keys()].toSorted().map((path) => {
      const hash = this.document(path)?.hash ?? "";
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    });
    return { paths: Object.fromEntries(paths) };
  }

  /** @param path `api/v1`, `apis/apps/v1`; `undefined` where nothing is served there */
  document(path: string): OpenApiDocument | undefined {
    const resources = this.#groups.get(path);
    if (resources === undefined) return undefined;
    const known = this.#documents.get(path);
    if (known !== undefined) return known;
    const body = JSON.stringify(documentOf(resources, this.#version));
    const hash = createHash("sha512").update(body).digest("hex").toUpperCase();
    const document = { body, hash };
    this.#documents.set(path, document);
    return document;
  }
}

function documentOf(resources: readonly ApiResource[], version: string): Json {
  const used = new Set<string>([PATCH_DEFINITION]);
  const paths: Record<string, Json> = {};
  for (const resource of resources) {
    for (const { path, operations } of pathsOfResource(resource)) {
      paths[path] = Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, operationOf(operation, used)]),
      );
    }
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths,
    components: {
      schemas: { ...definitionsFrom(used, toAllOf), [PATCH_DEFINITION]: PATCH_SCHEMA },
      securitySchemes: {
        BearerToken: {
          type: "apiKey",
          name: "authorization",
          in: "header",
          description: "Bearer Token authentication",
        },
      },
    },
  };
}

const PATCH_SCHEMA: Json = { type: "object" };

function operationOf(operation: OpenApiOperation, used: Set<string>): Json {
  const { action, operationId, kind, parameters, body, answer } = operation;
  for (const name of [body, answer]) if (name !== undefined) used.add(name);
  const types = body === PATCH_DEFINITION ? PATCH_TYPES : BODY_TYPES;
  const requestBody = body === undefined ? {} : { requestBody: { content: contentOf(types, body), required: true } };
  const ok =
    answer === undefined ? { description: "OK" } : { description: "OK", content: contentOf(BODY_TYPES, answer) };
  return {
    operationId,
    parameters: parameters.map(parameterOf),
    ...requestBody,
    responses: { "200": ok, "401": { description: "Unauthorized" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kindExtension(kind),
  };
}

function contentOf(types: readonly string[], definition: string): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: { $ref: REFERENCE + definition } }]));
}

function parameterOf(parameter: OpenApiParameter): Json {
  const required = parameter.in === "path" ? { required: true } : {};
  return { name: parameter.name, in: parameter.in, ...required, schema: { type: parameter.type, uniqueItems: true } };
}

/** The named definitions and all they refer to. */
export function definitionsFrom(
  names: Iterable<string>,
  convert: (node: Json) => Json,
): Readonly<Record<string, Json>> {
  const all = openApiDefinitions();
  const result: Record<string, Json> = {};
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const definition = all[name];
    if (Object.hasOwn(result, name) || !isRecord(definition)) continue;
    // The data was parsed from JSON.
    const node = definition as { readonly [key: string]: Json };
    result[name] = convert(node);
    waiting.push(...referencesIn(node));
  }
  return Object.fromEntries(Object.entries(result).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function referencesIn(node: Json): readonly string[] {
  const found: string[] = [];
  const visit = (value: Json): void => {
    if (Array.isArray(value)) for (const element of value as readonly Json[]) visit(element);
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (key === "$ref" && typeof child === "string") found.push(child.slice(REFERENCE.length));
        else visit(child);
      }
    }
  };
  visit(node);
  return found;
}

/** OpenAPI 3.0 ignores what stands beside a `$ref`: it goes into an `allOf`, as upstream's documents have it. */
function toAllOf(node: Json): Json {
  if (Array.isArray(node)) return (node as readonly Json[]).map(toAllOf);
  if (typeof node !== "object" || node === null) return node;
  const converted = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, toAllOf(child)]));
  const { $ref, ...rest } = converted;
  return typeof $ref === "string" && Object.keys(rest).length > 0 ? { allOf: [{ $ref }], ...rest } : converted;
}
