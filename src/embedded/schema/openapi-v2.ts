import type { ApiResource } from "../../lib/kube/gvr.ts";
import { isRecord, type Json } from "../../lib/kube/object.ts";
import {
  kindExtension,
  PATCH_DEFINITION,
  pathsOfResource,
  type OpenApiOperation,
  type OpenApiParameter,
} from "./openapi-operations.ts";
import { definitionsFrom } from "./openapi.ts";

/** A Swagger 2.0 document as JSON has it; the protobuf form is made from it. */
export interface SwaggerDocument {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, SwaggerOperation>>>>;
  readonly definitions: Readonly<Record<string, Json>>;
}

export interface SwaggerOperation {
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly SwaggerParameter[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: Json }>>;
  readonly "x-kubernetes-action": string;
  readonly "x-kubernetes-group-version-kind": Json;
}

export type SwaggerParameter =
  | { readonly name: string; readonly in: "path" | "query"; readonly type: string; readonly required?: true }
  | { readonly name: "body"; readonly in: "body"; readonly required: true; readonly schema: Json };

const REFERENCE = "#/definitions/";
const V3_REFERENCE = "#/components/schemas/";
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

/** `/openapi/v2`: everything served in one document, for clients older than v3 and those that fall back. */
export function swaggerDocument(resources: readonly ApiResource[], version: string): SwaggerDocument {
  const used = new Set<string>();
  const paths: Record<string, Record<string, SwaggerOperation>> = {};
  for (const resource of resources) {
    for (const { path, operations } of pathsOfResource(resource)) {
      paths[path] = Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, operationOf(operation, used)]),
      );
    }
  }
  const definitions = { ...definitionsFrom(used, toSwagger), [PATCH_DEFINITION]: { type: "object" } };
  return { swagger: "2.0", info: { title: "Kubernetes", version }, paths, definitions };
}

function operationOf(operation: OpenApiOperation, used: Set<string>): SwaggerOperation {
  const { action, operationId, kind, parameters, body, answer } = operation;
  for (const name of [body, answer]) if (name !== undefined) used.add(name);
  const ok = answer === undefined ? { description: "OK" } : { description: "OK", schema: referenceTo(answer) };
  const bodyParameter: readonly SwaggerParameter[] =
    body === undefined ? [] : [{ name: "body", in: "body", required: true, schema: referenceTo(body) }];
  return {
    operationId,
    consumes: body === PATCH_DEFINITION ? PATCH_TYPES : ["*/*"],
    produces: ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"],
    parameters: [...parameters.map(parameterOf), ...bodyParameter],
    responses: { "200": ok, "401": { description: "Unauthorized" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kindExtension(kind),
  };
}

function parameterOf(parameter: OpenApiParameter): SwaggerParameter {
  const { name, type } = parameter;
  return parameter.in === "path" ? { name, in: "path", type, required: true } : { name, in: "query", type };
}

function referenceTo(definition: string): Json {
  return { $ref: REFERENCE + definition };
}

/** Swagger has no `oneOf`: numbers that may be texts are texts there. */
function toSwagger(node: Json): Json {
  if (Array.isArray(node)) return (node as readonly Json[]).map(toSwagger);
  if (!isRecord(node)) return node;
  const result: Record<string, Json> = {};
  for (const [key, child] of Object.entries(node)) {
    if (key === "oneOf") result["type"] = "string";
    else if (key === "$ref" && typeof child === "string") result[key] = child.replace(V3_REFERENCE, REFERENCE);
    else result[key] = toSwagger(child);
  }
  return result;
}
