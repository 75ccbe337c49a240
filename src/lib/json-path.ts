import { isRecord } from "./kube/object.ts";

/** One step of a path: from some values to others. */
type Step = (values: readonly unknown[]) => readonly unknown[];

/** Reads values out of an object; what is missing on the way is no value. */
export type JsonPath = (object: unknown) => readonly unknown[];

/**
 * Parses a path in the dialect of kubectl (k8s.io/client-go/util/jsonpath), with or without braces around it:
 * `.spec.containers[0].image`, `.metadata.labels.app\.kubernetes\.io/name`, `['key']`, `[*]`, `[-1]`, `[1:3]`, `[0,2]`,
 * `..name`, `[?(@.type=="Ready")].status`. Loops (`range`) and several paths in a text are no single path.
 * @throws SyntaxError which says where it cannot be read
 */
export function parseJsonPath(text: string): JsonPath {
  const trimmed = text.trim();
  const inner = trimmed.startsWith("{") && trimmed.endsWith("}") ? trimmed.slice(1, -1).trim() : trimmed;
  const parser = new PathParser(inner);
  const steps = parser.steps();
  return (object) => steps.reduce<readonly unknown[]>((values, step) => step(values), [object]);
}

const NAME = /(?:\\.|[^.[\]\\\s'"()=!<>,|&])+/y;
const STRING = /'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"/y;
const INTEGER = /-?\d+/y;
const NUMBER = /-?\d+(?:\.\d+)?/y;
const WORD = /true|false|null/y;
const OPERATOR = /==|!=|<=|>=|<|>/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

class PathParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): readonly Step[] {
    if (this.#text === "") throw new SyntaxError("an empty path");
    this.#take("$");
    const steps = this.#path();
    if (this.#at < this.#text.length) this.#fail("cannot be read");
    return steps;
  }

  /** Steps up to what belongs to no path: the end, or the operator of a filter. */
  #path(): readonly Step[] {
    const steps: Step[] = [];
    // `metadata.name` and `$.metadata.name` are as good as `.metadata.name`.
    const first = this.#match(NAME);
    if (first !== undefined) steps.push(field(unescape(first[0])));
    for (;;) {
      if (this.#take("..")) {
        steps.push(descend);
        if (this.#peek() !== "[") steps.push(this.#name());
      } else if (this.#take(".")) {
        if (this.#peek() === "[") continue;
        if (this.#at < this.#text.length) steps.push(this.#name());
        else if (steps.length > 0) this.#fail("ends in a dot");
      } else if (this.#take("[")) steps.push(this.#bracket());
      else return steps;
    }
  }

  #name(): Step {
    if (this.#take("*")) return every;
    const name = this.#match(NAME);
    if (name === undefined) return this.#fail("wants a name");
    return name[0] === "*" ? every : field(unescape(name[0]));
  }

  #bracket(): Step {
    this.#spaces();
    if (this.#take("?(")) return this.#filter();
    if (this.#take("*")) {
      this.#close();
      return every;
    }
    const union: Step[] = [];
    do {
      this.#spaces();
      union.push(this.#member());
      this.#spaces();
    } while (this.#take(","));
    this.#close();
    return (values) => union.flatMap((step) => step(values));
  }

  #member(): Step {
    const quoted = this.#match(STRING);
    if (quoted !== undefined) return field(unescape(quoted[1] ?? quoted[2] ?? ""));
    const from = this.#match(INTEGER);
    if (!this.#take(":")) return from === undefined ? this.#fail("wants an index or a key") : index(Number(from[0]));
    const to = this.#match(INTEGER);
    const by = this.#take(":") ? Number(this.#match(INTEGER)?.[0] ?? 1) : 1;
    if (by < 1) this.#fail("wants a step above 0");
    return slice(from === undefined ? 0 : Number(from[0]), to === undefined ? undefined : Number(to[0]), by);
  }

  #filter(): Step {
    const left = this.#operand();
    this.#spaces();
    const operator = this.#match(OPERATOR)?.[0];
    const right = operator === undefined ? undefined : this.#operand();
    this.#spaces();
    if (!this.#take(")")) this.#fail("wants )");
    this.#close();
    return (values) =>
      values.flatMap((value) =>
        (Array.isArray(value) ? value : []).filter((each: unknown) => {
          const found = left(each);
          if (operator === undefined || right === undefined) return found.length > 0;
          return found.length > 0 && compares(operator, found[0], right(each)[0]);
        }),
      );
  }

  #operand(): JsonPath {
    this.#spaces();
    if (this.#take("@")) {
      const steps = this.#path();
      return (object) => steps.reduce<readonly unknown[]>((values, step) => step(values), [object]);
    }
    const quoted = this.#match(STRING);
    if (quoted !== undefined) return () => [unescape(quoted[1] ?? quoted[2] ?? "")];
    const number = this.#match(NUMBER);
    if (number !== undefined) return () => [Number(number[0])];
    const word = this.#match(WORD);
    if (word !== undefined) return () => [WORDS[word[0]]];
    return this.#fail("wants @, a text or a number");
  }

  #close(): void {
    this.#spaces();
    if (!this.#take("]")) this.#fail("wants ]");
  }

  #spaces(): void {
    while (this.#peek() === " ") this.#at += 1;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  #fail(what: string): never {
    throw new SyntaxError(`the path ${this.#text} ${what} at character ${this.#at + 1}`);
  }
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}

function field(name: string): Step {
  return (values) => values.flatMap((value) => (isRecord(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

function index(at: number): Step {
  return (values) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) return [];
      const list: readonly unknown[] = value;
      const place = at < 0 ? list.length + at : at;
      return place >= 0 && place < list.length ? [list[place]] : [];
    });
}

function slice(from: number, to: number | undefined, by: number): Step {
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value) ? value.slice(from, to).filter((_each: unknown, place) => place % by === 0) : [],
    );
}

const every: Step = (values) =>
  values.flatMap((value) => (Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []));

/** A value and everything within it. */
const descend: Step = (values) => {
  const found: unknown[] = [];
  const waiting = values.toReversed();
  while (waiting.length > 0) {
    const value: unknown = waiting.pop();
    found.push(value);
    waiting.push(...every([value]).toReversed());
  }
  return found;
};

function compares(operator: string, left: unknown, right: unknown): boolean {
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (typeof left === "number" && typeof right === "number") return orders(operator, left - right);
  if (typeof left === "string" && typeof right === "string") {
    return orders(operator, left === right ? 0 : left < right ? -1 : 1);
  }
  return false;
}

function orders(operator: string, difference: number): boolean {
  if (operator === "<") return difference < 0;
  if (operator === "<=") return difference <= 0;
  return operator === ">" ? difference > 0 : difference >= 0;
}
