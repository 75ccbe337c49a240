import { describe, expect, it } from "vitest";
import { omitEmptyFields } from "../../../src/embedded/machinery/codec/omit-empty.ts";

const deployment = (spec: object, template: object = {}): Parameters<typeof omitEmptyFields>[0] => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { ...spec, template },
});

describe("fields that Go's omitempty leaves out", () => {
  it.each([
    ["a zero number", { minReadySeconds: 0 }, {}],
    ["false", { paused: false }, {}],
    [
      "a zero behind a pointer stays",
      { replicas: 0, revisionHistoryLimit: 0 },
      { replicas: 0, revisionHistoryLimit: 0 },
    ],
    ["a struct stays, whatever is in it", { strategy: {} }, { strategy: {} }],
    ["what is not zero stays", { minReadySeconds: 1, paused: true }, { minReadySeconds: 1, paused: true }],
  ])("%s", (_, spec, expected) => {
    expect(omitEmptyFields(deployment(spec))).toEqual(deployment(expected));
  });

  it("reaches into lists, maps and embedded structs", () => {
    const given = {
      metadata: { labels: {} },
      spec: {
        hostNetwork: false,
        nodeSelector: {},
        containers: [
          { name: "", image: "x", env: [], tty: false, ports: [{ containerPort: 80, name: "" }] },
          { name: "b", livenessProbe: { exec: { command: [] }, initialDelaySeconds: 0 } },
        ],
        volumes: [{ name: "v", emptyDir: { medium: "" } }],
      },
    };
    expect(omitEmptyFields(deployment({}, given))).toEqual(
      deployment(
        {},
        {
          metadata: {},
          spec: {
            containers: [
              { name: "", image: "x", ports: [{ containerPort: 80 }] },
              { name: "b", livenessProbe: { exec: {} } },
            ],
            volumes: [{ name: "v", emptyDir: {} }],
          },
        },
      ),
    );
  });

  it("gives back the same object where there is nothing to leave out, and kinds that it does not know", () => {
    const full = deployment({ replicas: 1 });
    expect(omitEmptyFields(full)).toBe(full);
    const foreign = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "x" }, spec: { count: 0 } };
    expect(omitEmptyFields(foreign)).toBe(foreign);
  });

  it("leaves the values of maps alone", () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { empty: "" } };
    expect(omitEmptyFields(map)).toBe(map);
  });
});
