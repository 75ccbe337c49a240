import { createHash } from "node:crypto";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { encodeSwagger } from "./openapi-v2-protobuf.ts";
import { swaggerDocument } from "./openapi-v2.ts";
import { OpenApiV3 } from "./openapi.ts";

export interface OpenApiRequest {
  /** `/openapi/v3/apis/apps/v1` */
  readonly path: string;
  /** `hash` of the query. */
  readonly hash: string | undefined;
  readonly accept: string;
  readonly ifNoneMatch: string | undefined;
}

export interface OpenApiAnswer {
  readonly code: 200 | 301 | 304;
  readonly body: string | Buffer;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Clients ask for it with an `@`, and refuse an answer with one. */
const V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const JSON_TYPE = "application/json";
/** A document under its hash never changes. */
const FOR_EVER = "public, immutable";
const V3_ROOT = "/openapi/v3";

interface V2Body {
  readonly body: string | Buffer;
  readonly etag: string;
}

/** Answers everything below `/openapi` for a set of resources; made anew when they change. */
export class OpenApi {
  readonly #resources: readonly ApiResource[];
  readonly #version: string;
  readonly #v3: OpenApiV3;
  readonly #v2 = new Map<string, V2Body>();

  /** @param version of Kubernetes, `v1.36.4` */
  constructor(resources: readonly ApiResource[], version: string) {
    this.#resources = resources;
    this.#version = version;
    this.#v3 = new OpenApiV3(resources, version);
  }

  /** `undefined` where there is no document: answer 404. */
  answer(request: OpenApiRequest): OpenApiAnswer | undefined {
    const { path } = request;
    if (path === "/openapi/v2") return this.#answerV2(request);
    if (path === V3_ROOT) {
      const body = JSON.stringify(this.#v3.index());
      return conditional(request, { body, etag: hashOf(body) }, JSON_TYPE);
    }
    if (!path.startsWith(`${V3_ROOT}/`)) return undefined;
    const document = this.#v3.document(path.slice(V3_ROOT.length + 1));
    if (document === undefined) return undefined;
    const found = { body: document.body, etag: document.hash };
    if (request.hash === undefined || request.hash === "") return conditional(request, found, JSON_TYPE);
    if (request.hash !== document.hash) {
      const location = `${path}?hash=${document.hash}`;
      return { code: 301, body: "", type: JSON_TYPE, headers: { location } };
    }
    return conditional(request, found, JSON_TYPE, { "cache-control": FOR_EVER });
  }

  #answerV2(request: OpenApiRequest): OpenApiAnswer {
    const wantsProtobuf = /proto-openapi\.spec\.v2/.test(request.accept);
    const type = wantsProtobuf ? V2_PROTOBUF : JSON_TYPE;
    let found = this.#v2.get(type);
    if (found === undefined) {
      const document = swaggerDocument(this.#resources, this.#version);
      const body = wantsProtobuf ? encodeSwagger(document) : JSON.stringify(document);
      found = { body, etag: hashOf(body) };
      this.#v2.set(type, found);
    }
    return conditional(request, found, type);
  }
}

function hashOf(body: string | Buffer): string {
  return createHash("sha512").update(body).digest("hex").toUpperCase();
}

function conditional(
  request: OpenApiRequest,
  found: V2Body,
  type: string,
  extra: Readonly<Record<string, string>> = {},
): OpenApiAnswer {
  const etag = `"${found.etag}"`;
  const headers = { etag, vary: "Accept", ...extra };
  const isKnown = request.ifNoneMatch?.split(",").some((known) => known.trim() === etag) === true;
  return isKnown ? { code: 304, body: "", type, headers } : { code: 200, body: found.body, type, headers };
}
