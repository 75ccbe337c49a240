import type { Json } from "../../../lib/kube/object.ts";
import { ProtobufReader } from "./protobuf-reader.ts";

type Decoder = (bytes: Buffer) => Json | undefined;

const META = "apimachinery/pkg/apis/meta/v1";

/** Types whose JSON is not the object of their fields. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  [`${META}.Time`, (bytes) => decodeTime(bytes, false)],
  [`${META}.MicroTime`, (bytes) => decodeTime(bytes, true)],
  [`${META}.Duration`, decodeDuration],
  [`${META}.FieldsV1`, decodeRaw],
  ["apimachinery/pkg/runtime.RawExtension", decodeRaw],
  ["apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON", decodeRaw],
  ["apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSON", decodeRaw],
  ["apimachinery/pkg/api/resource.Quantity", decodeQuantity],
  ["apimachinery/pkg/util/intstr.IntOrString", decodeIntOrString],
]);

export function wellKnownDecoder(message: string): Decoder | undefined {
  return DECODERS.get(message);
}

/** `undefined` for the zero time: no bytes at all. */
function decodeTime(bytes: Buffer, micro: boolean): Json | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new ProtobufReader(bytes);
  let seconds = 0n;
  let nanos = 0n;
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (wire !== 0) reader.skip(wire);
    else if (field === 1) seconds = BigInt.asIntN(64, reader.varint());
    else if (field === 2) nanos = BigInt.asIntN(32, reader.varint());
    else reader.skip(wire);
  }
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError("a time is out of range");
  const whole = date.toISOString().slice(0, -5);
  return micro ? `${whole}.${String(nanos / 1000n).padStart(6, "0")}Z` : `${whole}Z`;
}

function decodeQuantity(bytes: Buffer): Json {
  const reader = new ProtobufReader(bytes);
  let text = "0";
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 2) text = reader.bytes().toString("utf8");
    else reader.skip(wire);
  }
  return text;
}

function decodeIntOrString(bytes: Buffer): Json {
  const reader = new ProtobufReader(bytes);
  let isString = false;
  let number = 0;
  let text = "";
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 0) isString = reader.varint() === 1n;
    else if (field === 2 && wire === 0) number = Number(BigInt.asIntN(32, reader.varint()));
    else if (field === 3 && wire === 2) text = reader.bytes().toString("utf8");
    else reader.skip(wire);
  }
  return isString ? text : number;
}

function decodeRaw(bytes: Buffer): Json {
  const reader = new ProtobufReader(bytes);
  let text = "";
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 2) text = reader.bytes().toString("utf8");
    else reader.skip(wire);
  }
  return text === "" ? null : (JSON.parse(text) as Json);
}

const NANOS_PER_SECOND = 1_000_000_000n;

/** As Go's `Duration.String`: `1h30m0s`, `1.5s`, `20ms`. */
function decodeDuration(bytes: Buffer): Json {
  const reader = new ProtobufReader(bytes);
  let nanos = 0n;
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 0) nanos = BigInt.asIntN(64, reader.varint());
    else reader.skip(wire);
  }
  return formatDuration(nanos);
}

function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n)}µs`;
  if (size < NANOS_PER_SECOND) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const minutes = size / (60n * NANOS_PER_SECOND);
  const rest = decimal(size % (60n * NANOS_PER_SECOND), NANOS_PER_SECOND);
  if (minutes === 0n) return `${sign}${rest}s`;
  if (minutes < 60n) return `${sign}${minutes}m${rest}s`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${rest}s`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}
