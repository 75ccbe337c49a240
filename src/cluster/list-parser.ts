import { asRecord } from "../lib/kube/object.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Parses the JSON of a list while it arrives: every element of the top-level array `items` (or `rows`) is parsed as
 * soon as its last byte is there, so that no page blocks the event loop as one `JSON.parse` of megabytes does. The rest
 * of the document is parsed at the end.
 */
export class ListParser {
  readonly #onItem: (item: unknown) => void;
  /** Bytes not yet parsed as an element. */
  #pending: Buffer[] = [];
  /** Bytes outside of the array, in order. */
  readonly #envelope: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Characters of the last string at depth 1: a key of the document. */
  #key: number[] = [];
  #keyComplete = false;
  #inArray = false;
  #arrayDone = false;

  constructor(onItem: (item: unknown) => void) {
    this.#onItem = onItem;
  }

  /** @throws SyntaxError where an element is not JSON */
  write(chunk: Buffer): void {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (this.#inString) {
        this.#stringByte(byte);
        continue;
      }
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          if (this.#depth === 1) {
            this.#key = [];
            this.#keyComplete = false;
          }
          break;
        case OPEN_BRACE:
          this.#depth += 1;
          break;
        case OPEN_BRACKET:
          this.#depth += 1;
          if (this.#depth === 2 && this.#opensItems()) {
            this.#inArray = true;
            this.#envelope.push(...this.#pending, chunk.subarray(start, index + 1));
            this.#pending = [];
            start = index + 1;
          }
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          this.#depth -= 1;
          if (this.#inArray && this.#depth === 2 && byte === CLOSE_BRACE) {
            this.#parse(chunk.subarray(start, index + 1));
            start = index + 1;
          } else if (this.#inArray && this.#depth === 1) {
            this.#inArray = false;
            this.#arrayDone = true;
            this.#pending = [];
            start = index;
          }
          break;
        case COMMA:
          if (this.#inArray && this.#depth === 2) start = index + 1;
          break;
        case COLON:
          if (this.#depth === 1) this.#keyComplete = true;
          break;
        default:
      }
    }
    if (start < chunk.length) this.#pending.push(chunk.subarray(start));
  }

  /** The document without its elements. @throws SyntaxError where it is not JSON or is cut off */
  end(): Readonly<Record<string, unknown>> {
    const text = Buffer.concat([...this.#envelope, ...this.#pending]).toString("utf8");
    return asRecord(JSON.parse(text));
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return;
    }
    // Values at depth 1 may be long; no key we look for is.
    if (this.#depth === 1 && this.#key.length < 16) this.#key.push(byte);
  }

  #opensItems(): boolean {
    if (this.#arrayDone || !this.#keyComplete) return false;
    const key = String.fromCharCode(...this.#key);
    return key === "items" || key === "rows";
  }

  #parse(last: Buffer): void {
    const bytes = this.#pending.length === 0 ? last : Buffer.concat([...this.#pending, last]);
    this.#pending = [];
    this.#onItem(JSON.parse(bytes.toString("utf8")));
  }
}
