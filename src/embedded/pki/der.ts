/** The few types of ASN.1 DER that an X.509 certificate needs (ITU-T X.690). */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function length(size: number): readonly number[] {
  if (size < 0x80) return [size];
  if (size < 0x100) return [0x81, size];
  return [0x82, size >> 8, size & 0xff];
}

/** A value with any tag; contents below 64 KiB. */
export function derValue(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...length(body.length)]), body]);
}

export function derSequence(...contents: readonly Uint8Array[]): Buffer {
  return derValue(TAG.sequence, ...contents);
}

export function derSet(...contents: readonly Uint8Array[]): Buffer {
  return derValue(TAG.set, ...contents);
}

export function derBoolean(value: boolean): Buffer {
  return derValue(TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

/** `bytes` are big-endian two's complement, already shortest. */
export function derInteger(bytes: Uint8Array): Buffer {
  return derValue(TAG.integer, bytes);
}

export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return derValue(TAG.bitString, Buffer.from([unusedBits]), bytes);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return derValue(TAG.octetString, bytes);
}

export function derUtf8(text: string): Buffer {
  return derValue(TAG.utf8String, Buffer.from(text, "utf8"));
}

/** `1.2.840.10045.4.3.2` */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return derValue(TAG.objectIdentifier, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function derTime(milliseconds: number): Buffer {
  const date = new Date(milliseconds);
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? derValue(TAG.utcTime, Buffer.from(digits.slice(2)))
    : derValue(TAG.generalizedTime, Buffer.from(digits));
}
