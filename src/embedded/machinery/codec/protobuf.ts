import { asRecord, type Json, type KubeObject } from "../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, putField, type JsonObject, type MutableJsonObject } from "../json.ts";
import { badRequest, StatusError } from "../status-error.ts";
import { fieldsOfMessage, messageOfKind, type Field } from "./message-table.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { wellKnownDecoder } from "./protobuf-well-known.ts";

const MAGIC = Buffer.from("k8s\0", "latin1");
const MEDIA_TYPE = "application/vnd.kubernetes.protobuf";
/** Deeper than any real object; a crafted one must not exhaust the stack. */
const MAX_DEPTH = 128;

/** Whether bytes begin as the Kubernetes envelope `runtime.Unknown` does. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes `k8s\0` and a `runtime.Unknown` (apimachinery pkg/runtime/serializer/protobuf) into what the same object is
 * as JSON.
 * @throws StatusError 400 for damaged bytes, 415 for a kind without a descriptor
 */
export function decodeProtobuf(bytes: Uint8Array): KubeObject {
  if (!isProtobuf(bytes)) throw badRequest("provided data does not appear to be a protobuf message, expected prefix");
  try {
    return decodeEnvelope(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(MAGIC.length));
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) {
      throw badRequest(`couldn't decode the protobuf body: ${error.message}`);
    }
    throw error;
  }
}

function decodeEnvelope(bytes: Buffer): KubeObject {
  const reader = new ProtobufReader(bytes);
  let apiVersion = "";
  let kind = "";
  let raw: Buffer = Buffer.alloc(0);
  let contentType = "";
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (wire !== 2) reader.skip(wire);
    else if (field === 1) ({ apiVersion, kind } = decodeTypeMeta(reader.bytes()));
    else if (field === 2) raw = reader.bytes();
    else if (field === 4) contentType = reader.bytes().toString("utf8");
    else reader.skip(wire);
  }
  if (contentType !== "" && contentType !== MEDIA_TYPE) return withMetadata(asRecord(JSON.parse(raw.toString("utf8"))));
  const message = messageOfKind(apiVersion, kind);
  if (message === undefined) {
    throw new StatusError(
      415,
      "UnsupportedMediaType",
      `no kind "${kind}" is registered for version "${apiVersion}" that can be read from protobuf; send it as application/json`,
    );
  }
  return withMetadata({ apiVersion, kind, ...decodeMessage(message, raw, 0) });
}

/** Every object has `metadata`, if only an empty one: typed Go structs have it too. */
function withMetadata(object: Readonly<Record<string, unknown>>): KubeObject {
  return { ...object, metadata: asRecord(object["metadata"]) };
}

function decodeTypeMeta(bytes: Buffer): { readonly apiVersion: string; readonly kind: string } {
  const reader = new ProtobufReader(bytes);
  let apiVersion = "";
  let kind = "";
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (wire === 2 && field === 1) apiVersion = reader.bytes().toString("utf8");
    else if (wire === 2 && field === 2) kind = reader.bytes().toString("utf8");
    else reader.skip(wire);
  }
  return { apiVersion, kind };
}

function decodeMessage(message: string, bytes: Buffer, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw new RangeError("messages are nested too deeply");
  const reader = new ProtobufReader(bytes);
  const fields = fieldsOfMessage(message);
  const result: MutableJsonObject = {};
  while (!reader.atEnd) {
    const { field: number, wire } = reader.tag();
    const field = fields.get(number);
    if (field === undefined) reader.skip(wire);
    else if (field.map) readMapEntry(result, field, reader.bytes(), depth);
    else if (field.repeated) readRepeated(result, field, wire, reader, depth);
    else readSingle(result, field, wire, reader, depth);
  }
  return result;
}

function readSingle(
  result: MutableJsonObject,
  field: Field,
  wire: number,
  reader: ProtobufReader,
  depth: number,
): void {
  const value = readValue(field, wire, reader, depth);
  if (field.inline) {
    if (isJsonObject(value)) Object.assign(result, value);
    return;
  }
  if (value === undefined) return;
  if (!field.pointer && !field.keepEmpty && isEmptyValue(value)) return;
  putField(result, field.name, value);
}

// Go's omitempty drops zero scalars and empty lists; empty structs come from fields without a pointer, which
// protobuf always writes and JSON clients never send.
function isEmptyValue(value: Json): boolean {
  if (value === "" || value === 0 || value === false || value === null) return true;
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function readRepeated(
  result: MutableJsonObject,
  field: Field,
  wire: number,
  reader: ProtobufReader,
  depth: number,
): void {
  const before = result[field.name];
  const list: Json[] = isJsonArray(before) ? (before as Json[]) : [];
  if (before === undefined) putField(result, field.name, list);
  if (wire === 2 && (field.type === "i" || field.type === "b")) {
    const packed = new ProtobufReader(reader.bytes());
    while (!packed.atEnd) list.push(readValue(field, 0, packed, depth) ?? null);
  } else list.push(readValue(field, wire, reader, depth) ?? null);
}

function readMapEntry(result: MutableJsonObject, field: Field, bytes: Buffer, depth: number): void {
  const reader = new ProtobufReader(bytes);
  let key = "";
  let value: Json | undefined;
  while (!reader.atEnd) {
    const { field: number, wire } = reader.tag();
    if (number === 1 && wire === 2) key = reader.bytes().toString("utf8");
    else if (number === 2) value = readValue(field, wire, reader, depth);
    else reader.skip(wire);
  }
  const before = result[field.name];
  const map: MutableJsonObject = isJsonObject(before) ? before : {};
  if (before === undefined) putField(result, field.name, map);
  putField(map, key, value ?? emptyMapValue(field));
}

function emptyMapValue(field: Field): Json {
  if (field.type !== "m") return { s: "", y: "", b: false, i: 0, f: 0 }[field.type];
  const wellKnown = wellKnownDecoder(field.message);
  return wellKnown === undefined ? {} : (wellKnown(Buffer.alloc(0)) ?? null);
}

/** `undefined` for a time that is not set. */
function readValue(field: Field, wire: number, reader: ProtobufReader, depth: number): Json | undefined {
  const expected = field.type === "f" ? 1 : field.type === "b" || field.type === "i" ? 0 : 2;
  if (wire !== expected) throw new RangeError(`the field ${field.name} has wire type ${wire}, not ${expected}`);
  switch (field.type) {
    case "s":
      return reader.bytes().toString("utf8");
    case "y":
      return reader.bytes().toString("base64");
    case "b":
      return reader.varint() !== 0n;
    case "i":
      return Number(BigInt.asIntN(64, reader.varint()));
    case "f":
      return reader.float64();
    case "m":
      return decodeNested(field.message, reader.bytes(), depth + 1);
  }
}

function decodeNested(message: string, bytes: Buffer, depth: number): Json | undefined {
  const wellKnown = wellKnownDecoder(message);
  if (wellKnown !== undefined) return wellKnown(bytes);
  if (message.endsWith(".JSONSchemaPropsOrBool")) return decodeSchemaOrBool(bytes, depth);
  if (message.endsWith(".JSONSchemaPropsOrArray") || message.endsWith(".JSONSchemaPropsOrStringArray")) {
    return decodeSchemaOrList(message, bytes, depth);
  }
  const decoded = decodeMessage(message, bytes, depth);
  // Go types that are a list of their own (ExtraValue, Verbs) are messages of one field.
  return isListMessage(message) ? (decoded["items"] ?? []) : decoded;
}

function isListMessage(message: string): boolean {
  const fields = fieldsOfMessage(message);
  const only = fields.size === 1 ? fields.get(1) : undefined;
  return only !== undefined && only.name === "items" && only.type === "s" && only.repeated;
}

const SCHEMA_PROPS = "apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaProps";

function decodeSchemaOrBool(bytes: Buffer, depth: number): Json {
  const reader = new ProtobufReader(bytes);
  let allows = false;
  let schema: Json | undefined;
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 0) allows = reader.varint() !== 0n;
    else if (field === 2 && wire === 2) schema = decodeMessage(SCHEMA_PROPS, reader.bytes(), depth);
    else reader.skip(wire);
  }
  return schema ?? allows;
}

function decodeSchemaOrList(message: string, bytes: Buffer, depth: number): Json {
  const reader = new ProtobufReader(bytes);
  const strings = message.endsWith("StringArray");
  let schema: Json | undefined;
  const list: Json[] = [];
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (wire !== 2 || (field !== 1 && field !== 2)) reader.skip(wire);
    else if (field === 1) schema = decodeMessage(SCHEMA_PROPS, reader.bytes(), depth);
    else list.push(strings ? reader.bytes().toString("utf8") : decodeMessage(SCHEMA_PROPS, reader.bytes(), depth));
  }
  return list.length > 0 ? list : (schema ?? null);
}
