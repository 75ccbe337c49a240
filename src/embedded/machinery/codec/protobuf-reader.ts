/**
 * Reads protobuf wire format.
 * @throws RangeError where the bytes end early or a tag is impossible
 */
export class ProtobufReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** Field number and wire type: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  tag(): { readonly field: number; readonly wire: number } {
    const tag = Number(this.varint());
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  varint(): bigint {
    // Almost every varint is short: numbers first, big integers only where 28 bits do not do.
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#next();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(small);
    }
    let value = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  }

  bytes(): Buffer {
    const length = Number(this.varint());
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new RangeError("unexpected EOF");
    const part = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return part;
  }

  float64(): number {
    const at = this.#advance(8);
    return this.#bytes.readDoubleLE(at);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#advance(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#advance(4);
    else throw new RangeError(`illegal wire type ${wire}`);
  }

  #next(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new RangeError("unexpected EOF");
    this.#position += 1;
    return byte;
  }

  #advance(length: number): number {
    const at = this.#position;
    if (at + length > this.#bytes.length) throw new RangeError("unexpected EOF");
    this.#position += length;
    return at;
  }
}
