import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { asArray, asRecord, asString } from "../../../lib/kube/object.ts";
import { assetPath } from "../../assets.ts";

/** How one field of a message is encoded and named. */
export interface Field {
  readonly name: string;
  /** Of the value or of the values of a map: string, bytes, bool, int, float64, message. */
  readonly type: "s" | "y" | "b" | "i" | "f" | "m";
  readonly message: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** A Go pointer: an empty value is kept. */
  readonly pointer: boolean;
  /** No `omitempty`: an empty value is kept. */
  readonly keepEmpty: boolean;
  /** An embedded struct: its fields belong to the outer one. */
  readonly inline: boolean;
}

interface Table {
  /** `apps/v1/Deployment` to the name of its message. */
  readonly kinds: ReadonlyMap<string, string>;
  readonly messages: Readonly<Record<string, unknown>>;
  /** Messages in use, by field number. */
  readonly compiled: Map<string, ReadonlyMap<number, Field>>;
}

let loaded: Table | undefined;

function table(): Table {
  if (loaded !== undefined) return loaded;
  const bytes = gunzipSync(readFileSync(assetPath("./schema/data/protobuf-table-1.36.json.gz")));
  const data = asRecord(JSON.parse(bytes.toString("utf8")));
  const kinds = Object.entries(asRecord(data["kinds"])).map(([kind, message]) => [kind, asString(message)] as const);
  loaded = { kinds: new Map(kinds), messages: asRecord(data["messages"]), compiled: new Map() };
  return loaded;
}

/** The fields of a message by number; none of a message that nobody knows. */
export function fieldsOfMessage(message: string): ReadonlyMap<number, Field> {
  const { compiled, messages } = table();
  const known = compiled.get(message);
  if (known !== undefined) return known;
  const fields = new Map<number, Field>();
  for (const entry of asArray(messages[message])) {
    const [number, name, type, reference, flagText] = asArray(entry);
    const flags = asString(flagText);
    if (typeof number !== "number") continue;
    fields.set(number, {
      name: asString(name),
      type: fieldType(type),
      message: asString(reference),
      repeated: flags.includes("r"),
      map: flags.includes("M"),
      pointer: flags.includes("p"),
      keepEmpty: flags.includes("k"),
      inline: flags.includes("n"),
    });
  }
  compiled.set(message, fields);
  return fields;
}

function fieldType(value: unknown): Field["type"] {
  return value === "y" || value === "b" || value === "i" || value === "f" || value === "m" ? value : "s";
}

/** The message of a kind, by `apiVersion` and `kind`. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  return table().kinds.get(`${apiVersion}/${kind}`);
}
