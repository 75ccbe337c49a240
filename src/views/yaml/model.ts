import { inReadingOrder } from "../../lib/kube/field-order.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { sanitize } from "../../lib/text.ts";
import { toYaml } from "../../lib/yaml.ts";
import { base64Length, decodeText } from "../../resources/data-entries.ts";
import type { Span, StyledLine } from "../../ui/styled-line.ts";

export interface YamlOptions {
  /** Secret values in clear text, as `stringData` would take them, instead of their sizes. */
  readonly decode: boolean;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The YAML of an object; values of a Secret are masked or decoded, wherever they stand. */
export function objectYaml(object: KubeObject, options: YamlOptions): string {
  return toYaml(inReadingOrder(object.kind === "Secret" ? withoutValues(object, options.decode) : object));
}

/** A Secret with its values masked or decoded. kubectl keeps a copy of the values in an annotation: that is masked too. */
function withoutValues(secret: KubeObject, decode: boolean): KubeObject {
  const show = (value: unknown): string => {
    const encoded = asString(value);
    if (!decode) return `<masked, ${base64Length(encoded)} bytes>`;
    return decodeText(Buffer.from(encoded, "base64")) ?? `<binary, ${base64Length(encoded)} bytes>`;
  };
  const annotations = secret.metadata.annotations;
  const metadata =
    annotations?.[LAST_APPLIED] === undefined || decode
      ? secret.metadata
      : { ...secret.metadata, annotations: { ...annotations, [LAST_APPLIED]: "<masked>" } };
  const result: Record<string, unknown> = { ...secret, metadata };
  if (isRecord(secret["data"])) {
    result["data"] = Object.fromEntries(
      Object.entries(asRecord(secret["data"])).map(([key, value]) => [key, show(value)]),
    );
  }
  return { ...result, metadata };
}

const KEY = /^(\s*(?:- )*)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"{}[\]-][^:#]*?|-[^\s:][^:#]*?)):(?=\s|$)/;
const BLOCK = /(?:^|[\s:])[|>][+-]?\d*\s*$/;

/** YAML as lines with colours: keys, comments, numbers and booleans; the text of block scalars is left plain. */
export function yamlLines(text: string): readonly StyledLine[] {
  const lines = text.replace(/\n$/, "").split("\n");
  /** Indentation of the key whose block scalar we are in. */
  let block: number | undefined;
  return lines.map((raw): StyledLine => {
    const line = sanitize(raw);
    const indent = line.length - line.trimStart().length;
    if (block !== undefined && (line.trim() === "" || indent > block)) return { text: line };
    block = undefined;
    if (line.trimStart().startsWith("#"))
      return { text: line, spans: [{ start: indent, end: line.length, tone: "muted" }] };
    const spans: Span[] = [];
    const key = KEY.exec(line);
    let valueStart = indent;
    if (key !== null) {
      const start = key[1]?.length ?? 0;
      const end = start + (key[2]?.length ?? 0);
      spans.push({ start, end, tone: "accent" });
      valueStart = end + 1;
    }
    if (BLOCK.test(line.slice(valueStart))) block = indent;
    const tone = valueTone(
      line
        .slice(valueStart)
        .replace(/^\s*(- )*/, "")
        .trim(),
    );
    if (tone !== undefined) spans.push({ start: valueStart, end: line.length, tone });
    return spans.length === 0 ? { text: line } : { text: line, spans };
  });
}

function valueTone(value: string): Span["tone"] {
  if (/^[+-]?\d[\d.]*(?:e[+-]?\d+)?$/i.test(value)) return "progress";
  if (value === "true" || value === "false" || value === "null" || value === "{}" || value === "[]") return "done";
  return value.startsWith("<masked") || value.startsWith("<binary") ? "warning" : undefined;
}
