import { isCollection, isMap, isNode, isSeq, LineCounter, parseAllDocuments, parseDocument, type Document } from "yaml";
import { KelpieError } from "./errors.ts";
import { writeYaml } from "./write-yaml.ts";

export class YamlError extends KelpieError {
  override readonly name = "YamlError";
}

/** An object as `kubectl get -o yaml` prints it: two spaces, no anchors, long strings not folded. */
export function toYaml(value: unknown): string {
  return writeYaml(value);
}

/**
 * Parses one YAML document.
 * @throws YamlError naming line and column of the first fault
 */
export function parseYaml(text: string, source = "YAML"): unknown {
  const document = parseDocument(text, { version: "1.1", prettyErrors: true });
  const [first] = document.errors;
  if (first !== undefined) throw new YamlError(`${source}: ${first.message.split("\n")[0]?.replace(/:$/, "") ?? ""}`);
  return document.toJS({ maxAliasCount: 100 });
}

/** Parses every document of a stream; empty documents are left out. */
export function parseYamlDocuments(text: string, source = "YAML"): unknown[] {
  const documents = parseAllDocuments(text, { version: "1.1", prettyErrors: true });
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => {
      const [first] = document.errors;
      if (first !== undefined)
        throw new YamlError(`${source}: ${first.message.split("\n")[0]?.replace(/:$/, "") ?? ""}`);
      return document.toJS({ maxAliasCount: 100 }) as unknown;
    })
    .filter((value) => value !== null && value !== undefined);
}

/** A document whose values know their lines. */
export interface LocatedYaml {
  readonly value: unknown;
  /** Line (from 1) of the value at a path, or of the nearest one above it that exists. */
  lineOf(path: readonly string[]): number;
}

/**
 * Parses one document of a file that people write.
 * @throws YamlError `<file>:<line>: <fault>`
 */
export function parseLocatedYaml(text: string, file: string): LocatedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw new YamlError(`${file}:${lines.linePos(fault.pos[0]).line}: ${fault.message}`);
  return {
    value: document.toJS(),
    lineOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    },
  };
}

/** A document that is changed in place: comments, order and the looks of what is not touched stay. */
export class EditableYaml {
  readonly #document: Document;
  readonly #text: string;

  /** @throws YamlError */
  constructor(text: string, source = "YAML") {
    this.#text = text;
    this.#document = parseDocument(text, { version: "1.1", prettyErrors: true });
    const [first] = this.#document.errors;
    if (first !== undefined) throw new YamlError(`${source}: ${first.message.split("\n")[0]?.replace(/:$/, "") ?? ""}`);
  }

  get value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** Makes the maps on the way that are not there. */
  set(path: ReadonlyArray<string | number>, value: unknown): void {
    let depth = path.length - 1;
    while (depth > 0 && !isCollection(this.#document.getIn(path.slice(0, depth), true))) depth -= 1;
    const inner = path.slice(depth + 1).reduceRight((nested, key) => ({ [key]: nested }), value);
    const first = path[depth];
    if (depth > 0 || isCollection(this.#document.contents)) this.#document.setIn(path.slice(0, depth + 1), inner);
    else if (first !== undefined) this.#document.contents = this.#document.createNode({ [first]: inner });
  }

  delete(path: ReadonlyArray<string | number>): void {
    this.#document.deleteIn(path);
  }

  /** Gives a key of a map another name, where it stands. */
  renameKey(path: readonly string[], to: string): void {
    const map: unknown = this.#document.getIn(path.slice(0, -1), true);
    if (!isMap(map)) return;
    const pair = map.items.find(({ key }) => String(key) === path.at(-1));
    if (pair !== undefined) pair.key = this.#document.createNode(to);
  }

  /** Where in a list of maps the one with a `name` stands; -1 where there is none. */
  indexOfName(list: string, name: string): number {
    const items: unknown = this.#document.get(list, true);
    return isSeq(items) ? items.items.findIndex((item) => isMap(item) && item.get("name") === name) : -1;
  }

  toString(): string {
    return this.#document.toString({
      lineWidth: 0,
      indentSeq: !/^[^\s#][^\n]*:\s*\n(?:#[^\n]*\n)*- /m.test(this.#text),
      flowCollectionPadding: !/[{[][^\s\]}]/.test(this.#text),
    });
  }
}
