import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { asArray, asRecord, asString, isRecord, type Json } from "../../lib/kube/object.ts";
import { assetPath } from "../assets.ts";

export type SchemaType =
  | "object"
  | "array"
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "int-or-string"
  | "quantity"
  | "any";

/**
 * One node of a structural schema: a built-in type or a part of a custom resource's. Nodes are made when they are
 * asked for, so a recursive schema (JSONSchemaProps) is no trouble.
 */
export interface Schema {
  /** Its definition, `io.k8s.api.core.v1.PodSpec`; `""` for a nameless part. */
  readonly name: string;
  readonly type: SchemaType;
  /** `date-time`, `byte`, `int32`, `int64`, … */
  readonly format: string | undefined;
  /** Fields of a struct; empty for maps and all others. */
  readonly fields: ReadonlyMap<string, Schema>;
  /** Fields that Go writes even where they were not given: zero values, empty structs, declared defaults. */
  readonly fieldDefaults: ReadonlyArray<readonly [name: string, value: Json]>;
  /** Values of a map. */
  readonly values: Schema | undefined;
  /** Elements of a list. */
  readonly items: Schema | undefined;
  readonly required: readonly string[];
  readonly defaultValue: Json | undefined;
  readonly allowedValues: readonly string[] | undefined;
  readonly listType: "atomic" | "set" | "map";
  /** Sorted; only for lists of type `map`. */
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  /** Of strategic merge patch; `undefined` replaces lists and merges maps. */
  readonly patchStrategy: "merge" | "replace" | undefined;
  readonly retainKeys: boolean;
  readonly patchMergeKey: string | undefined;
  /** The OpenAPI node itself. */
  readonly source: Readonly<Record<string, unknown>>;
}

const REFERENCE_PREFIX = "#/components/schemas/";
const NO_FIELDS: ReadonlyMap<string, Schema> = new Map();
const NO_NAMES: readonly string[] = [];

type Resolve = (name: string) => Schema | undefined;

class SchemaNode implements Schema {
  readonly name: string;
  readonly type: SchemaType;
  readonly format: string | undefined;
  readonly required: readonly string[];
  readonly defaultValue: Json | undefined;
  readonly allowedValues: readonly string[] | undefined;
  readonly listType: "atomic" | "set" | "map";
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly patchStrategy: "merge" | "replace" | undefined;
  readonly retainKeys: boolean;
  readonly patchMergeKey: string | undefined;
  readonly source: Readonly<Record<string, unknown>>;
  readonly #resolve: Resolve;
  #fields: ReadonlyMap<string, Schema> | undefined;
  #fieldDefaults: ReadonlyArray<readonly [string, Json]> | undefined;
  #items: Schema | undefined;
  #values: Schema | undefined;

  constructor(source: Readonly<Record<string, unknown>>, resolve: Resolve, name = "") {
    this.source = source;
    this.#resolve = resolve;
    this.name = name;
    this.type = typeOf(source, name);
    this.format = typeof source["format"] === "string" ? source["format"] : undefined;
    this.required = stringsOf(source["required"]);
    this.defaultValue = source["default"] as Json | undefined;
    const values = asArray(source["enum"]).filter((value) => typeof value === "string");
    this.allowedValues = values.length > 0 ? values : undefined;
    const listType = source["x-kubernetes-list-type"];
    this.listType = listType === "set" || listType === "map" ? listType : "atomic";
    this.listMapKeys = stringsOf(source["x-kubernetes-list-map-keys"]).toSorted();
    this.atomicMap = source["x-kubernetes-map-type"] === "atomic";
    this.preserveUnknownFields =
      source["x-kubernetes-preserve-unknown-fields"] === true || isFreeForm(source, this.type);
    this.embeddedResource = source["x-kubernetes-embedded-resource"] === true;
    const strategies = asString(source["x-kubernetes-patch-strategy"]).split(",");
    this.retainKeys = strategies.includes("retainKeys");
    this.patchStrategy = strategies.includes("merge")
      ? "merge"
      : strategies.includes("replace")
        ? "replace"
        : undefined;
    const mergeKey = source["x-kubernetes-patch-merge-key"];
    this.patchMergeKey = typeof mergeKey === "string" ? mergeKey : undefined;
  }

  get fields(): ReadonlyMap<string, Schema> {
    if (this.#fields === undefined) {
      const properties = this.source["properties"];
      this.#fields = isRecord(properties)
        ? new Map(Object.entries(properties).map(([name, node]) => [name, this.#child(node)]))
        : NO_FIELDS;
    }
    return this.#fields;
  }

  get fieldDefaults(): ReadonlyArray<readonly [string, Json]> {
    this.#fieldDefaults ??= [...this.fields].flatMap(([name, { defaultValue }]) =>
      defaultValue === undefined ? [] : [[name, defaultValue] as const],
    );
    return this.#fieldDefaults;
  }

  get items(): Schema | undefined {
    if (this.#items === undefined && isRecord(this.source["items"])) this.#items = this.#child(this.source["items"]);
    return this.#items;
  }

  get values(): Schema | undefined {
    const additional = this.source["additionalProperties"];
    if (this.#values === undefined && isRecord(additional)) this.#values = this.#child(additional);
    return this.#values;
  }

  #child(node: unknown): Schema {
    const source = asRecord(node);
    const reference = referenceOf(source);
    if (reference === undefined) return new SchemaNode(source, this.#resolve);
    const target = this.#resolve(reference);
    if (target === undefined) return new SchemaNode({}, this.#resolve);
    const { $ref: _reference, allOf: _all, ...own } = source;
    if (Object.keys(own).length === 0) return target;
    return new SchemaNode({ ...target.source, ...own }, this.#resolve, reference);
  }
}

function referenceOf(source: Readonly<Record<string, unknown>>): string | undefined {
  const direct = source["$ref"] ?? asRecord(asArray(source["allOf"])[0])["$ref"];
  return typeof direct === "string" && direct.startsWith(REFERENCE_PREFIX)
    ? direct.slice(REFERENCE_PREFIX.length)
    : undefined;
}

function stringsOf(value: unknown): readonly string[] {
  const strings = asArray(value).filter((entry) => typeof entry === "string");
  return strings.length === 0 ? NO_NAMES : strings;
}

function isFreeForm(source: Readonly<Record<string, unknown>>, type: SchemaType): boolean {
  if (type === "any") return true;
  // FieldsV1 and RawExtension of the built-in schemas are objects with nothing said of their fields.
  return type === "object" && source["properties"] === undefined && source["additionalProperties"] === undefined;
}

function typeOf(source: Readonly<Record<string, unknown>>, name: string): SchemaType {
  if (source["x-kubernetes-int-or-string"] === true || source["format"] === "int-or-string") return "int-or-string";
  if (name === "io.k8s.apimachinery.pkg.api.resource.Quantity" || isQuantity(source)) return "quantity";
  switch (source["type"]) {
    case "object":
    case "array":
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return source["type"];
    default:
      return source["properties"] === undefined && source["additionalProperties"] === undefined ? "any" : "object";
  }
}

function isQuantity(source: Readonly<Record<string, unknown>>): boolean {
  const choices = asArray(source["oneOf"]);
  return choices.length === 2 && asRecord(choices[0])["type"] === "string" && asRecord(choices[1])["type"] === "number";
}

/** A schema of its own without references: `openAPIV3Schema` of a custom resource's version. */
export function schemaFromOpenApi(source: Readonly<Record<string, unknown>>): Schema {
  return new SchemaNode(source, () => undefined);
}

interface BuiltIn {
  readonly definitions: Readonly<Record<string, unknown>>;
  /** `apps/v1/Deployment` to the name of its definition. */
  readonly kinds: ReadonlyMap<string, string>;
  readonly nodes: Map<string, Schema>;
}

let loaded: BuiltIn | undefined;

/** Reads the data once, when it is first needed (5 ms). */
function builtIn(): BuiltIn {
  if (loaded !== undefined) return loaded;
  const bytes = gunzipSync(readFileSync(assetPath("./schema/data/openapi-v3-schemas-1.36.json.gz")));
  const definitions = asRecord(asRecord(JSON.parse(bytes.toString("utf8")))["schemas"]);
  const kinds = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    for (const entry of asArray(asRecord(definition)["x-kubernetes-group-version-kind"])) {
      const { group, version, kind } = asRecord(entry);
      const prefix = asString(group) === "" ? "" : `${asString(group)}/`;
      kinds.set(`${prefix}${asString(version)}/${asString(kind)}`, name);
    }
  }
  loaded = { definitions, kinds, nodes: new Map() };
  return loaded;
}

/** The schema of a definition such as `io.k8s.api.core.v1.PodSpec`. */
export function definitionSchema(name: string): Schema | undefined {
  const data = builtIn();
  const known = data.nodes.get(name);
  if (known !== undefined) return known;
  const source = data.definitions[name];
  if (!isRecord(source)) return undefined;
  const node = new SchemaNode(source, definitionSchema, name);
  data.nodes.set(name, node);
  return node;
}

/** The schema of a built-in kind, `undefined` where there is none. */
export function schemaOf(apiVersion: string, kind: string): Schema | undefined {
  const name = definitionNameOf(apiVersion, kind);
  return name === undefined ? undefined : definitionSchema(name);
}

/** `io.k8s.api.apps.v1.Deployment` for `apps/v1` and `Deployment`. */
export function definitionNameOf(apiVersion: string, kind: string): string | undefined {
  return builtIn().kinds.get(`${apiVersion}/${kind}`);
}

/** Every built-in definition as OpenAPI v3 has it, by name. */
export function openApiDefinitions(): Readonly<Record<string, unknown>> {
  return builtIn().definitions;
}
