import { asRecord, asString } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";

/** One key of a ConfigMap or Secret. */
export interface DataEntry {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** The text, `undefined` where the bytes are not UTF-8 text. */
  readonly text: string | undefined;
}

/** All keys of a ConfigMap (`data`, `binaryData`) or a Secret (`data`, base64), sorted by key. */
export function dataEntries(object: KubeObject): readonly DataEntry[] {
  const encoded = object.kind === "Secret" ? object["data"] : object["binaryData"];
  const plain = object.kind === "Secret" ? {} : object["data"];
  const entries = [
    ...Object.entries(asRecord(plain)).map(([key, value]): DataEntry => {
      const text = asString(value);
      return { key, bytes: Buffer.from(text, "utf8"), text };
    }),
    ...Object.entries(asRecord(encoded)).map(([key, value]): DataEntry => {
      const bytes = Buffer.from(asString(value), "base64");
      return { key, bytes, text: decodeText(bytes) };
    }),
  ];
  return entries.sort((left, right) => (left.key < right.key ? -1 : 1));
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of bytes, `undefined` where they are not UTF-8 or hold a NUL. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    // Not UTF-8: binary, which is an answer, not a fault.
    return undefined;
  }
}

/** How many bytes a base64 text stands for. */
export function base64Length(text: string): number {
  return Buffer.from(text, "base64").length;
}
