import { inReadingOrder } from "../../lib/kube/field-order.ts";
import { asString, type KubeObject } from "../../lib/kube/object.ts";
import { maskedObject, replaceSecretValues, valueBytes } from "../../lib/kube/secret-values.ts";
import { sanitize } from "../../lib/text.ts";
import { toYaml } from "../../lib/yaml.ts";
import { decodeText } from "../../resources/data-entries.ts";
import type { Span, StyledLine } from "../../ui/styled-line.ts";

export interface YamlOptions {
  /** Secret values in clear text, as `stringData` would take them, instead of their sizes. */
  readonly decode: boolean;
}

/** The YAML of an object; values of a Secret are masked or decoded, wherever they stand. */
export function objectYaml(object: KubeObject, options: YamlOptions): string {
  return toYaml(inReadingOrder(options.decode && object.kind === "Secret" ? decoded(object) : maskedObject(object)));
}

/** A Secret with its values in clear text where they are text. */
function decoded(secret: KubeObject): KubeObject {
  const { metadata } = secret;
  const shown = replaceSecretValues(secret, (value, field) => {
    if (field === "stringData") return asString(value);
    return decodeText(Buffer.from(asString(value), "base64")) ?? `<binary, ${valueBytes(value, field)} bytes>`;
  });
  return { ...shown, metadata };
}

const KEY = /^(\s*(?:- )*)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"{}[\]-][^:#]*?|-[^\s:][^:#]*?)):(?=\s|$)/;
const BLOCK_END = /[|>][+-]?\d*\s*$/;
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
    // Most lines end in a letter or a digit that begins no block: looking for one is what takes time.
    block = BLOCK_END.test(line) && BLOCK.test(line.slice(keyEnd(line))) ? indent : undefined;
    return new YamlLine(line);
  });
}

/** A line whose colours are found when it is drawn: of a text of thousands of lines, few ever are. */
class YamlLine implements StyledLine {
  readonly text: string;
  #spans: readonly Span[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get spans(): readonly Span[] {
    this.#spans ??= yamlSpans(this.text);
    return this.#spans;
  }
}

/** Where the value begins that follows a key, or the line's text where there is none. */
function keyEnd(line: string): number {
  const key = KEY.exec(line);
  return key === null ? line.length - line.trimStart().length : key[0].length;
}

function yamlSpans(line: string): readonly Span[] {
  const indent = line.length - line.trimStart().length;
  if (line.startsWith("#", indent)) return [{ start: indent, end: line.length, tone: "muted" }];
  const spans: Span[] = [];
  const key = KEY.exec(line);
  const valueStart = keyEnd(line);
  if (key !== null) spans.push({ start: key[1]?.length ?? 0, end: valueStart - 1, tone: "accent" });
  const value = line.slice(valueStart).replace(/^\s*(- )*/, "");
  const tone = valueTone(value.trim());
  if (tone !== undefined) spans.push({ start: valueStart, end: line.length, tone });
  return spans;
}

function valueTone(value: string): Span["tone"] {
  if (/^[+-]?\d[\d.]*(?:e[+-]?\d+)?$/i.test(value)) return "progress";
  if (value === "true" || value === "false" || value === "null" || value === "{}" || value === "[]") return "done";
  return value.startsWith("<masked") || value.startsWith("<binary") ? "warning" : undefined;
}
