/** Types of resource records (RFC 1035, RFC 2782, RFC 3596). */
export const RECORD_TYPES = { A: 1, CNAME: 5, PTR: 12, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;

/** Response codes. */
export const RESPONSE_CODES = {
  NoError: 0,
  FormatError: 1,
  ServerFailure: 2,
  NoSuchName: 3,
  NotImplemented: 4,
  Refused: 5,
} as const;

const HEADER_BYTES = 12;
const PLAIN_UDP_BYTES = 512;
const TTL_SECONDS = 5;
const CLASS_IN = 1;

export interface DnsQuestion {
  readonly id: number;
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came: names keep their case in answers. */
  readonly raw: Buffer;
  readonly recursionDesired: boolean;
  /** The largest answer the client takes over UDP. */
  readonly maxBytes: number;
}

export type DnsRecord =
  | { readonly type: "A"; readonly name: string; readonly address: string }
  | { readonly type: "CNAME" | "PTR"; readonly name: string; readonly target: string }
  | { readonly type: "SRV"; readonly name: string; readonly port: number; readonly target: string };

export interface DnsAnswer {
  readonly code: number;
  readonly answers: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

/** Reads a query with one question. `undefined`: not a query, or not a message at all. */
export function parseQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString("latin1", at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join(".").toLowerCase(),
    type: message.readUInt16BE(at),
    raw: message.subarray(HEADER_BYTES, at + 4),
    recursionDesired: (flags & 0x0100) !== 0,
    maxBytes: payloadSize(message, at + 4),
  };
}

/** The UDP size of an OPT record, where one follows the question at once. */
function payloadSize(message: Buffer, at: number): number {
  if (message.readUInt16BE(10) === 0 || at + 5 > message.length || message[at] !== 0) return PLAIN_UDP_BYTES;
  if (message.readUInt16BE(at + 1) !== RECORD_TYPES.OPT) return PLAIN_UDP_BYTES;
  return Math.max(PLAIN_UDP_BYTES, message.readUInt16BE(at + 3));
}

/** Writes an answer. Over UDP one that is too long is cut to none and marked truncated: the client asks over TCP. */
export function formatAnswer(question: DnsQuestion, answer: DnsAnswer, transport: "udp" | "tcp"): Buffer {
  const whole = format(question, answer, false);
  if (transport === "tcp" || whole.length <= question.maxBytes) return whole;
  return format(question, { ...answer, answers: [], additional: [] }, true);
}

function format(question: DnsQuestion, answer: DnsAnswer, truncated: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const authoritative = answer.code === RESPONSE_CODES.NoError || answer.code === RESPONSE_CODES.NoSuchName;
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(
    0x8000 |
      (authoritative ? 0x0400 : 0) |
      (truncated ? 0x0200 : 0) |
      (question.recursionDesired ? 0x0100 : 0) |
      0x0080 |
      answer.code,
    2,
  );
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer.answers.length, 6);
  header.writeUInt16BE(answer.additional.length, 10);
  return Buffer.concat([
    header,
    question.raw,
    ...answer.answers.map(formatRecord),
    ...answer.additional.map(formatRecord),
  ]);
}

function formatRecord(record: DnsRecord): Buffer {
  const data = recordData(record);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(RECORD_TYPES[record.type], 0);
  fixed.writeUInt16BE(CLASS_IN, 2);
  fixed.writeUInt32BE(TTL_SECONDS, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(record.name), fixed, data]);
}

function recordData(record: DnsRecord): Buffer {
  switch (record.type) {
    case "A":
      return Buffer.from(record.address.split(".").map(Number));
    case "CNAME":
    case "PTR":
      return encodeName(record.target);
    case "SRV": {
      const fixed = Buffer.alloc(6);
      // Priority 0; a weight of 100 as CoreDNS answers.
      fixed.writeUInt16BE(100, 2);
      fixed.writeUInt16BE(record.port, 4);
      return Buffer.concat([fixed, encodeName(record.target)]);
    }
  }
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  const parts = labels.flatMap((label) => {
    const bytes = Buffer.from(label, "latin1").subarray(0, 63);
    return [Buffer.from([bytes.length]), bytes];
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}
