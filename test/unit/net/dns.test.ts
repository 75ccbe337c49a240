import { describe, expect, it } from "vitest";
import { formatAnswer, parseQuestion, RECORD_TYPES, type DnsRecord } from "../../../src/embedded/net/dns-message.ts";
import { machineNameServers } from "../../../src/embedded/net/dns-forward.ts";
import { answerFromZone } from "../../../src/embedded/net/dns-zone.ts";
import type { Zone } from "../../../src/embedded/net/network-table.ts";

const ZONE: Zone = {
  domain: "cluster.local",
  addresses: {
    "web.default.svc.cluster.local": ["10.96.0.80"],
    "db.default.svc.cluster.local": ["10.244.0.2", "10.244.0.3"],
    "db-0.db.default.svc.cluster.local": ["10.244.0.2"],
  },
  services: { "_http._tcp.web.default.svc.cluster.local": [{ port: 80, target: "web.default.svc.cluster.local" }] },
  aliases: { "ext.default.svc.cluster.local": "example.com" },
  names: { "10.96.0.80": "web.default.svc.cluster.local" },
};
const { A, AAAA, PTR, SRV } = RECORD_TYPES;
const addresses = (records: readonly DnsRecord[] = []): string[] =>
  records.flatMap((record) => (record.type === "A" ? [record.address] : []));

describe("names of the cluster", () => {
  it.each([
    ["web.default.svc.cluster.local", ["10.96.0.80"]],
    ["db.default.svc.cluster.local", ["10.244.0.2", "10.244.0.3"]],
    ["db-0.db.default.svc.cluster.local", ["10.244.0.2"]],
    ["10-244-0-9.default.pod.cluster.local", ["10.244.0.9"]],
  ])("answers %s", (name, expected) => {
    const answer = answerFromZone(ZONE, name, A);
    expect([answer?.code, addresses(answer?.answers)]).toEqual([0, expected]);
  });

  it("says that a name does not exist, but that one with names below it does", () => {
    expect(answerFromZone(ZONE, "nope.default.svc.cluster.local", A)?.code).toBe(3);
    expect(answerFromZone(ZONE, "default.svc.cluster.local", A)).toEqual({ code: 0, answers: [], additional: [] });
    expect(answerFromZone(ZONE, "constructor", A)).toBeUndefined();
    expect(answerFromZone(ZONE, "__proto__.cluster.local", A)?.code).toBe(3);
  });

  it("has no IPv6 addresses for names that exist", () => {
    expect(answerFromZone(ZONE, "web.default.svc.cluster.local", AAAA)).toMatchObject({ code: 0, answers: [] });
  });

  it("answers SRV with the address beside it, and reverse look-ups", () => {
    expect(answerFromZone(ZONE, "_http._tcp.web.default.svc.cluster.local", SRV)).toMatchObject({
      answers: [{ type: "SRV", port: 80, target: "web.default.svc.cluster.local" }],
      additional: [{ type: "A", address: "10.96.0.80" }],
    });
    expect(answerFromZone(ZONE, "80.0.96.10.in-addr.arpa", PTR)).toMatchObject({
      answers: [{ type: "PTR", target: "web.default.svc.cluster.local" }],
    });
  });

  it("leaves other names to others", () => {
    expect(answerFromZone(ZONE, "example.com", A)).toBeUndefined();
    expect(answerFromZone(ZONE, "mycluster.local", A)).toBeUndefined();
    expect(answerFromZone(ZONE, "4.3.2.1.in-addr.arpa", PTR)).toBeUndefined();
  });
});

/** A query as a resolver writes it; `size` adds an OPT record. */
function query(name: string, type: number, size?: number): Buffer {
  const header = Buffer.from([0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, size === undefined ? 0 : 1]);
  const labels = name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const option = size === undefined ? [] : [Buffer.from([0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0])];
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1]), ...option]);
}

describe("messages", () => {
  it("reads a query without regard to case and says how long an answer may be", () => {
    expect(parseQuestion(query("Web.Default", A))).toMatchObject({
      id: 0x1234,
      name: "web.default",
      type: A,
      maxBytes: 512,
    });
    expect(parseQuestion(query("web", A, 4096))?.maxBytes).toBe(4096);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a cut header", Buffer.alloc(11)],
    ["a name without an end", Buffer.concat([query("web", A).subarray(0, 12), Buffer.from([63, 1, 2])])],
    ["a name of pointers", Buffer.concat([query("web", A).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ["an answer", Buffer.from([0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1])],
  ])("does not take %s for a query", (_what, message) => {
    expect(parseQuestion(message)).toBeUndefined();
  });

  it("writes an answer byte by byte", () => {
    const question = parseQuestion(query("Ab", A));
    if (question === undefined) throw new Error("no question");
    const answer = { code: 0, answers: [{ type: "A", name: "ab", address: "10.0.0.1" } as const], additional: [] };
    expect(formatAnswer(question, answer, "udp").toString("hex")).toBe(
      "123485800001000100000000024162000001000102616200000100010000000500040a000001",
    );
  });

  it("marks an answer that is too long for UDP and leaves its records to TCP", () => {
    const question = parseQuestion(query("db", A));
    if (question === undefined) throw new Error("no question");
    const answers = Array.from({ length: 40 }, () => ({ type: "A", name: "db", address: "10.0.0.1" }) as const);
    const cut = formatAnswer(question, { code: 0, answers, additional: [] }, "udp");
    expect([cut.readUInt16BE(2) & 0x0200, cut.readUInt16BE(6)]).toEqual([0x0200, 0]);
    expect(formatAnswer(question, { code: 0, answers, additional: [] }, "tcp").readUInt16BE(6)).toBe(40);
  });
});

it("finds the name servers of the machine", () => {
  expect(
    machineNameServers("# nameserver 1.1.1.1\nnameserver 10.0.0.2\nsearch x\nnameserver fe80::1\nnameserver x\n"),
  ).toEqual(["10.0.0.2", "fe80::1"]);
});
