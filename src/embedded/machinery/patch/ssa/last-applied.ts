import type { Json } from "../../../../lib/kube/object.ts";
import type { Schema } from "../../../schema/schema.ts";
import { isJsonObject, type JsonObject } from "../../json.ts";
import { compareTyped } from "./compare.ts";
import { differenceOf, EMPTY_SET, unionOf, type FieldSet } from "./field-set.ts";
import { fieldSetOf } from "./merge.ts";

/** What `kubectl apply` without `--server-side` remembers in an object. */
const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

function annotationsOf(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}

/**
 * The fields that client-side apply set and no one changed since: server-side apply may take those without force
 * (fieldmanager lastappliedmanager.go).
 */
export function ownedByLastApplied(live: JsonObject, schema: Schema): FieldSet {
  const text = annotationsOf(live)[ANNOTATION];
  if (typeof text !== "string") return EMPTY_SET;
  const config = parse(text);
  if (!isJsonObject(config) || config["apiVersion"] !== live["apiVersion"]) return EMPTY_SET;
  const { added, removed, modified } = compareTyped(config, live, schema);
  return differenceOf(fieldSetOf(config, schema), unionOf(unionOf(added, removed), modified));
}

/** Anyone can write an annotation: what is no JSON says nothing. */
function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Keeps the annotation of an object that has one true (lastappliedupdater.go), for clients that still use it. */
export function withLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  const { metadata } = object;
  if (annotations[ANNOTATION] === undefined || !isJsonObject(metadata)) return object;
  const { [ANNOTATION]: _previous, ...others } = annotationsOf(config);
  const configMetadata = isJsonObject(config["metadata"]) ? config["metadata"] : {};
  const value = `${JSON.stringify({ ...config, metadata: { ...configMetadata, annotations: others } })}\n`;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [ANNOTATION]: value } } };
}
