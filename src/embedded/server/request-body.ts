import type { IncomingMessage } from "node:http";
import { errorMessage } from "../../lib/errors.ts";
import { isRecord, type Json, type KubeObject } from "../../lib/kube/object.ts";
import { badRequest, StatusError } from "../machinery/status-error.ts";

/** As upstream (etcd's limit with room for the envelope). */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** @throws StatusError 413 where it is too large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? "0") > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the connection: the refusal has to get through.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${MAX_BODY_BYTES}`);
}

/**
 * The object in a body of JSON, YAML or protobuf; `undefined` for an empty one.
 * @throws StatusError 400 for what cannot be decoded, 415 for another media type
 */
export async function decodeObject(request: IncomingMessage, body: Buffer): Promise<KubeObject | undefined> {
  if (body.length === 0) return undefined;
  const type = mediaType(request);
  const value = type === "application/vnd.kubernetes.protobuf" ? await decodeProto(body) : await decodeText(type, body);
  if (!isRecord(value)) throw badRequest("the object provided is unrecognized (must be of type object)");
  const { metadata } = value;
  if (metadata !== undefined && metadata !== null && !isRecord(metadata)) {
    throw badRequest("metadata must be an object");
  }
  return { ...value, metadata: metadata ?? {} };
}

/** The body of a PATCH: JSON, or YAML for server-side apply. */
export async function decodePatch(request: IncomingMessage, body: Buffer): Promise<Json> {
  return (await decodeText(
    mediaType(request) === "application/apply-patch+yaml" ? "application/yaml" : "application/json",
    body,
  )) as Json;
}

export function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
}

async function decodeText(type: string, body: Buffer): Promise<unknown> {
  const text = body.toString("utf8");
  if (type === "application/json" || type === "") {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw badRequest(`the body of the request is not JSON: ${errorMessage(error)}`);
    }
  }
  if (type === "application/yaml") {
    // JSON is what most clients send under this name, and far cheaper to read.
    if (text.trimStart().startsWith("{")) {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        // YAML's flow style looks like JSON.
      }
    }
    const { parseYaml } = await import("../../lib/yaml.ts");
    try {
      return parseYaml(text, "the body of the request");
    } catch (error) {
      throw badRequest(errorMessage(error));
    }
  }
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`,
  );
}

async function decodeProto(body: Buffer): Promise<unknown> {
  const { decodeProtobuf, isProtobuf } = await import("../machinery/codec/protobuf.ts");
  if (!isProtobuf(body)) throw badRequest("the body of the request is not in the Kubernetes protobuf format");
  try {
    return decodeProtobuf(body);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`the protobuf body of the request cannot be decoded: ${errorMessage(error)}`);
  }
}
