import { asString, isRecord, type Json } from "../../lib/kube/object.ts";
import type { SwaggerDocument, SwaggerOperation, SwaggerParameter } from "./openapi-v2.ts";

// Field numbers are those of gnostic's openapiv2/OpenAPIv2.proto, the form that client-go reads.

/** The document as `openapi.v2.Document`. */
export function encodeSwagger(document: SwaggerDocument): Buffer {
  const paths = Object.entries(document.paths).map(([path, operations]) => {
    const items = Object.entries(operations).map(([method, operation]) => {
      const number = METHODS.get(method);
      return number === undefined ? NOTHING : message(number, encodeOperation(operation));
    });
    return message(2, named(path, Buffer.concat(items)));
  });
  return Buffer.concat([
    text(1, document.swagger),
    message(2, Buffer.concat([text(1, document.info.title), text(2, document.info.version)])),
    message(8, Buffer.concat(paths)),
    message(9, namedSchemas(document.definitions)),
  ]);
}

const NOTHING = Buffer.alloc(0);
const METHODS: ReadonlyMap<string, number> = new Map([
  ["get", 2],
  ["put", 3],
  ["post", 4],
  ["delete", 5],
  ["patch", 8],
]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function message(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value, "utf8"));
}

function flag(field: number, value: boolean): Buffer {
  return Buffer.concat([varint(field * 8), varint(value ? 1 : 0)]);
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([text(1, name), message(2, value)]);
}

/** `openapi.v2.Any` holds YAML; JSON is YAML. */
function any(value: Json): Buffer {
  return text(2, JSON.stringify(value));
}

function namedSchemas(schemas: unknown): Buffer {
  return Buffer.concat(entries(schemas).map(([name, schema]) => message(1, named(name, encodeSchema(schema)))));
}

function entries(value: unknown): ReadonlyArray<[string, Json]> {
  // Only parts of a document that was made from JSON come here.
  return isRecord(value) ? Object.entries(value as { readonly [key: string]: Json }) : [];
}

function encodeOperation(operation: SwaggerOperation): Buffer {
  const responses = Object.entries(operation.responses).map(([code, response]) => {
    const schema = response.schema === undefined ? NOTHING : message(2, message(1, encodeSchema(response.schema)));
    const encoded = Buffer.concat([text(1, response.description), schema]);
    return message(1, named(code, message(1, encoded)));
  });
  return Buffer.concat([
    text(5, operation.operationId),
    ...operation.produces.map((type) => text(6, type)),
    ...operation.consumes.map((type) => text(7, type)),
    ...operation.parameters.map((parameter) => message(8, message(1, encodeParameter(parameter)))),
    message(9, Buffer.concat(responses)),
    message(13, named("x-kubernetes-action", any(operation["x-kubernetes-action"]))),
    message(13, named("x-kubernetes-group-version-kind", any(operation["x-kubernetes-group-version-kind"]))),
  ]);
}

function encodeParameter(parameter: SwaggerParameter): Buffer {
  if (parameter.in === "body") {
    const body = [text(2, parameter.name), text(3, "body"), flag(4, true), message(5, encodeSchema(parameter.schema))];
    return message(1, Buffer.concat(body));
  }
  const common = Buffer.concat([
    flag(1, parameter.required === true),
    text(2, parameter.in),
    text(4, parameter.name),
    // Queries have a field for empty values before the type.
    text(parameter.in === "query" ? 6 : 5, parameter.type),
  ]);
  return message(2, message(parameter.in === "query" ? 3 : 4, common));
}

function encodeSchema(schema: Json): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of entries(schema)) parts.push(encodeSchemaField(key, value));
  return Buffer.concat(parts);
}

function encodeSchemaField(key: string, value: Json): Buffer {
  if (key.startsWith("x-")) return message(31, named(key, any(value)));
  switch (key) {
    case "$ref":
      return text(1, asString(value));
    case "format":
      return text(2, asString(value));
    case "default":
      return message(5, any(value));
    case "required":
      return Buffer.concat(listOf(value).map((name) => text(19, asString(name))));
    case "enum":
      return Buffer.concat(listOf(value).map((allowed) => message(20, any(allowed))));
    case "additionalProperties":
      return message(21, typeof value === "boolean" ? flag(2, value) : message(1, encodeSchema(value)));
    case "type":
      return message(22, text(1, asString(value)));
    case "items":
      return message(23, message(1, encodeSchema(value)));
    case "properties":
      return message(25, namedSchemas(value));
    default:
      return NOTHING;
  }
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
