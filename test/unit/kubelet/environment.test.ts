import { describe, expect, it } from "vitest";
import { buildEnvironment, expandVariables } from "../../../src/embedded/kubelet/environment.ts";
import { fieldValue, resourceFieldValue } from "../../../src/embedded/kubelet/field-reference.ts";
import { parsePod, qosClass } from "../../../src/embedded/kubelet/pod.ts";
import { serviceEnvironment } from "../../../src/embedded/kubelet/service-environment.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";

const addresses = { podIp: "10.244.0.7", hostIp: "192.0.2.1" };

function podWith(container: Record<string, unknown>): ReturnType<typeof parsePod> {
  return parsePod({
    metadata: {
      name: "web-0",
      namespace: "shop",
      uid: "u1",
      labels: { app: "web", "a/b": 'quo"te' },
      annotations: { note: "hello" },
    },
    spec: { nodeName: "node-1", serviceAccountName: "robot", containers: [{ name: "web", image: "x", ...container }] },
  });
}

const objects: Readonly<Record<string, KubeObject>> = {
  "ConfigMap/settings": {
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { colour: "green", "bad=name": "x" },
    binaryData: { blob: Buffer.from("bytes").toString("base64") },
  },
  "Secret/keys": { kind: "Secret", metadata: { name: "keys" }, data: { password: btoa("s3cret") } },
};

async function environmentOf(
  container: Record<string, unknown>,
  services: ReadonlyArray<readonly [string, string]> = [],
): Promise<Record<string, string>> {
  const pod = podWith(container);
  const [first] = pod.containers;
  if (first === undefined) throw new Error("no container");
  const entries = await buildEnvironment({
    pod,
    container: first,
    addresses,
    services,
    references: {
      configMap: async (_namespace, name) => objects[`ConfigMap/${name}`],
      secret: async (_namespace, name) => objects[`Secret/${name}`],
    },
  });
  return Object.fromEntries(entries);
}

describe("expansion of $(VAR)", () => {
  const variables: Readonly<Record<string, string>> = { NAME: "web", EMPTY: "", "odd.name": "odd" };
  it.each([
    ["$(NAME)", "web"],
    ["a-$(NAME)-$(NAME)", "a-web-web"],
    ["$(MISSING)", "$(MISSING)"],
    ["$$(NAME)", "$(NAME)"],
    ["$$$(NAME)", "$web"],
    ["$NAME", "$NAME"],
    ["x$(EMPTY)y", "xy"],
    ["$(odd.name)", "odd"],
    ["$(NAME", "$(NAME"],
    ["100$", "100$"],
  ])("turns %s into %s", (text, expected) => {
    expect(expandVariables(text, (name) => variables[name])).toBe(expected);
  });
});

describe("the environment of a container", () => {
  it("expands earlier variables and those of services, not later ones", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)-$(DB_SERVICE_HOST)-$(C)" },
      { name: "C", value: "3" },
    ];
    expect(await environmentOf({ env }, [["DB_SERVICE_HOST", "10.96.0.5"]])).toEqual({
      A: "1",
      B: "1-10.96.0.5-$(C)",
      C: "3",
      DB_SERVICE_HOST: "10.96.0.5",
    });
  });

  it("takes whole config maps and secrets with a prefix, and lets env overrule them", async () => {
    const envFrom = [
      { prefix: "CFG_", configMapRef: { name: "settings" } },
      { secretRef: { name: "keys" } },
      { configMapRef: { name: "nothing", optional: true } },
    ];
    const env = [{ name: "CFG_colour", value: "red" }];
    expect(await environmentOf({ env, envFrom })).toEqual({ CFG_colour: "red", CFG_blob: "bytes", password: "s3cret" });
  });

  it("reads keys, fields and resources", async () => {
    const env = [
      { name: "COLOUR", valueFrom: { configMapKeyRef: { name: "settings", key: "colour" } } },
      { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "keys", key: "password" } } },
      { name: "ABSENT", valueFrom: { secretKeyRef: { name: "keys", key: "none", optional: true } } },
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
      { name: "CORES", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
    ];
    const resources = { limits: { cpu: "1500m" } };
    expect(await environmentOf({ env, resources })).toEqual({
      COLOUR: "green",
      PASSWORD: "s3cret",
      IP: "10.244.0.7",
      CPU: "1500",
      CORES: "2",
    });
  });

  it.each([
    [{ configMapKeyRef: { name: "none", key: "a" } }, 'configmap "none" not found'],
    [{ secretKeyRef: { name: "none", key: "a" } }, 'secret "none" not found'],
    [{ configMapKeyRef: { name: "settings", key: "a" } }, "couldn't find key a in ConfigMap shop/settings"],
    [{ fieldRef: { fieldPath: "spec.nothing" } }, "unsupported fieldPath: spec.nothing"],
  ])("refuses %j", async (valueFrom, message) => {
    await expect(environmentOf({ env: [{ name: "A", valueFrom }] })).rejects.toThrow(message);
  });
});

describe("the downward API", () => {
  it.each([
    ["metadata.name", "web-0"],
    ["metadata.namespace", "shop"],
    ["metadata.uid", "u1"],
    ["metadata.labels['app']", "web"],
    ["metadata.labels['a/b']", 'quo"te'],
    ["metadata.annotations['none']", ""],
    ["metadata.labels", 'a/b="quo\\"te"\napp="web"'],
    ["spec.nodeName", "node-1"],
    ["spec.serviceAccountName", "robot"],
    ["status.hostIP", "192.0.2.1"],
    ["status.podIPs", "10.244.0.7"],
  ])("knows %s", (path, expected) => {
    expect(fieldValue(podWith({}), path, addresses)).toBe(expected);
  });

  it("takes a request from the limit where only that is set", () => {
    const pod = podWith({ resources: { limits: { memory: "64Mi" } } });
    const reference = { resource: "requests.memory", divisor: "1Mi" };
    expect(resourceFieldValue(pod, reference, pod.containers[0])).toBe("64");
  });
});

describe("variables of services", () => {
  it("writes host, ports, named ports and links as upstream does", () => {
    const service = {
      metadata: { name: "my-db" },
      spec: {
        clusterIP: "10.96.0.5",
        ports: [
          { name: "main", port: 5432, protocol: "TCP" },
          { name: "stats", port: 9000, protocol: "UDP" },
        ],
      },
    };
    expect(Object.fromEntries(serviceEnvironment([service]))).toEqual({
      MY_DB_SERVICE_HOST: "10.96.0.5",
      MY_DB_SERVICE_PORT: "5432",
      MY_DB_SERVICE_PORT_MAIN: "5432",
      MY_DB_SERVICE_PORT_STATS: "9000",
      MY_DB_PORT: "tcp://10.96.0.5:5432",
      MY_DB_PORT_5432_TCP: "tcp://10.96.0.5:5432",
      MY_DB_PORT_5432_TCP_PROTO: "tcp",
      MY_DB_PORT_5432_TCP_PORT: "5432",
      MY_DB_PORT_5432_TCP_ADDR: "10.96.0.5",
      MY_DB_PORT_9000_UDP: "udp://10.96.0.5:9000",
      MY_DB_PORT_9000_UDP_PROTO: "udp",
      MY_DB_PORT_9000_UDP_PORT: "9000",
      MY_DB_PORT_9000_UDP_ADDR: "10.96.0.5",
    });
  });

  it("leaves headless services out", () => {
    expect(
      serviceEnvironment([{ metadata: { name: "db" }, spec: { clusterIP: "None", ports: [{ port: 1 }] } }]),
    ).toEqual([]);
  });
});

describe("the quality of service", () => {
  it.each([
    [{}, "BestEffort"],
    [{ requests: { cpu: "100m" } }, "Burstable"],
    [{ limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
    [{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }, "Burstable"],
    [{ limits: { cpu: "1000m", memory: "1Gi" }, requests: { cpu: "1" } }, "Guaranteed"],
  ])("of %j is %s", (resources, expected) => {
    expect(qosClass(podWith({ resources }))).toBe(expected);
  });
});
