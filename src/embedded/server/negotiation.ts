import { StatusError } from "../machinery/status-error.ts";

/** The form an answer takes. */
export interface Representation {
  readonly as: "object" | "table" | "metadata";
  /** Version of `meta.k8s.io`. */
  readonly version: "v1" | "v1beta1";
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const JSON_TYPES = new Set(["application/json", "application/*", "*/*", "application/yaml"]);

function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept.trim() === "") return [{ type: "*/*", parameters: new Map() }];
  return accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const pairs = parameters.map((part): [string, string] => {
      const [key = "", value = ""] = part.split("=");
      return [key.toLowerCase(), value];
    });
    return { type: type.toLowerCase(), parameters: new Map(pairs) };
  });
}

/**
 * The first range of `Accept` that this server can answer. Only JSON is written; clients that prefer protobuf accept
 * it too.
 * @throws StatusError 406 where nothing fits
 */
export function negotiate(accept: string | undefined): Representation {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!JSON_TYPES.has(type)) continue;
    const as = parameters.get("as");
    const version = parameters.get("v") === "v1beta1" ? "v1beta1" : "v1";
    if (as === undefined) return { as: "object", version };
    if (as === "Table") return { as: "table", version };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { as: "metadata", version };
  }
  throw new StatusError(406, "NotAcceptable", "only the following media types are accepted: application/json");
}

/** Whether the client asks for aggregated discovery, version 2. */
export function wantsAggregatedDiscovery(accept: string | undefined): boolean {
  return mediaRanges(accept).some(
    ({ type, parameters }) =>
      type === "application/json" && parameters.get("as") === "APIGroupDiscoveryList" && parameters.get("v") === "v2",
  );
}
