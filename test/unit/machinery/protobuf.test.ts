import { expect, test } from "vitest";
import { decodeProtobuf, isProtobuf } from "../../../src/embedded/machinery/codec/protobuf.ts";
import { asRecords, asString } from "../../../src/lib/kube/object.ts";
import { readFixture } from "./fixture.ts";

const samples = asRecords(readFixture("protobuf-samples")["samples"]).map((sample) => ({
  name: asString(sample["name"]),
  json: sample["json"],
  bytes: Buffer.from(asString(sample["protobufBase64"]), "base64"),
}));

test("there are 124 samples", () => {
  expect(samples).toHaveLength(124);
});

/** Not in the table, for no API server reads them: bodies of webhooks, discovery documents, watch events. */
const WITHOUT_DESCRIPTOR = /^(?:admission|imagepolicy|apidiscovery)\.k8s\.io\.|^core\.v1\.WatchEvent$/;

test.for(samples.filter(({ name }) => !WITHOUT_DESCRIPTOR.test(name)))(
  "$name decodes to what it is as JSON",
  ({ json, bytes }) => {
    expect(isProtobuf(bytes)).toBe(true);
    const { metadata, ...rest } = decodeProtobuf(bytes);
    const decoded = Object.keys(metadata).length === 0 ? rest : { ...rest, metadata };
    expect(decoded).toEqual(json);
  },
);

test("JSON is no protobuf", () => {
  expect(isProtobuf(Buffer.from('{"kind":"Pod"}'))).toBe(false);
});

test("every cut of a body is refused or read, never a crash", () => {
  const whole = samples.find((sample) => sample.name.endsWith("core.v1.Pod"))?.bytes ?? Buffer.alloc(0);
  expect(whole.length).toBeGreaterThan(100);
  for (let length = 4; length < whole.length; length += 1) {
    try {
      decodeProtobuf(whole.subarray(0, length));
    } catch (error) {
      expect(error).toMatchObject({ name: "StatusError" });
    }
  }
});

test.for(samples.filter(({ name }) => WITHOUT_DESCRIPTOR.test(name)))("$name is refused with 415", ({ bytes }) => {
  expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code: 415 }));
});

test("a kind without a descriptor is refused with 415", () => {
  const typeMeta = Buffer.from([0x0a, 0x02, 0x76, 0x31, 0x12, 0x03, 0x46, 0x6f, 0x6f]);
  const body = Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0a, typeMeta.length]), typeMeta]);
  expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ code: 415 }));
});
