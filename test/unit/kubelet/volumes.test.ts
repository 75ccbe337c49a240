import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReferenceReader } from "../../../src/embedded/kubelet/environment.ts";
import { parsePod, type Pod } from "../../../src/embedded/kubelet/pod.ts";
import { writeAtomically } from "../../../src/embedded/kubelet/volumes/atomic-writer.ts";
import { PodVolumes } from "../../../src/embedded/kubelet/volumes/pod-volumes.ts";
import { referencedObjects } from "../../../src/embedded/kubelet/volumes/volume-payload.ts";
import type { Mount } from "../../../src/embedded/runtimes/runtime.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { ManualClock } from "./manual-clock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kelpie-volumes-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (text: string, mode = 0o644) => ({ data: Buffer.from(text), mode });

describe("the atomic writer", () => {
  it("shows files through a link that is swapped, and removes what is gone", async () => {
    await writeAtomically(
      directory,
      new Map([
        ["a", file("1")],
        ["deep/b", file("2", 0o400)],
      ]),
      undefined,
    );
    expect(readlinkSync(join(directory, "a"))).toBe("..data/a");
    expect(readFileSync(join(directory, "deep/b"), "utf8")).toBe("2");
    expect(statSync(join(directory, "deep/b")).mode & 0o777).toBe(0o400);
    const before = readlinkSync(join(directory, "..data"));

    expect(
      await writeAtomically(
        directory,
        new Map([
          ["a", file("3")],
          ["c", file("4")],
        ]),
        undefined,
      ),
    ).toBe(true);
    expect(readlinkSync(join(directory, "..data"))).not.toBe(before);
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("3");
    expect(readdirSync(directory).filter((name) => !name.startsWith(".."))).toEqual(["a", "c"]);
    expect(readdirSync(directory).filter((name) => name.startsWith("..2"))).toHaveLength(1);
  });

  it("writes nothing where nothing has changed", async () => {
    const payload = new Map([["a", file("1")]]);
    await writeAtomically(directory, payload, undefined);
    const before = readlinkSync(join(directory, "..data"));
    expect(await writeAtomically(directory, payload, undefined)).toBe(false);
    expect(readlinkSync(join(directory, "..data"))).toBe(before);
  });
});

describe("the volumes of a pod", () => {
  const clock = new ManualClock();
  const objects = new Map<string, KubeObject>();
  const references: ReferenceReader = {
    configMap: async (_namespace, name) => objects.get(`ConfigMap/${name}`),
    secret: async (_namespace, name) => objects.get(`Secret/${name}`),
  };
  let tokens = 0;

  beforeEach(() => {
    objects.clear();
    tokens = 0;
    objects.set("ConfigMap/settings", { kind: "ConfigMap", metadata: {}, data: { colour: "green", size: "9" } });
    objects.set("Secret/keys", { kind: "Secret", metadata: {}, data: { password: btoa("s3cret") } });
  });

  function podWith(volumes: unknown, volumeMounts: unknown, more: Record<string, unknown> = {}): Pod {
    return parsePod({
      metadata: { name: "web", namespace: "shop", uid: "u1", labels: { app: "web" } },
      spec: { volumes, containers: [{ name: "web", image: "x", volumeMounts }], ...more },
    });
  }

  function newVolumes(): PodVolumes {
    const token = async (): Promise<string> => `token ${(tokens += 1)}`;
    return new PodVolumes({ directory, clock, token, hostId: (id) => id });
  }

  async function mountsOf(pod: Pod, volumes = newVolumes()): Promise<readonly Mount[]> {
    await volumes.prepare(pod, { addresses: { podIp: "10.244.0.2", hostIp: "192.0.2.1" }, references });
    const [container] = pod.containers;
    if (container === undefined) throw new Error("no container");
    return await volumes.mounts(pod, container, (text) => text.replace("$(POD)", "web"));
  }

  it("mounts config maps and secrets read-only, with chosen keys and modes", async () => {
    const items = [{ key: "colour", path: "sub/colour", mode: 0o600 }];
    const pod = podWith(
      [
        { name: "some", configMap: { name: "settings", items } },
        { name: "all", configMap: { name: "settings", defaultMode: 0o440 } },
        { name: "keys", secret: { secretName: "keys" } },
        { name: "none", secret: { secretName: "none", optional: true } },
      ],
      [
        { name: "some", mountPath: "/some" },
        { name: "all", mountPath: "/all" },
        { name: "keys", mountPath: "/keys" },
        { name: "none", mountPath: "/none" },
      ],
    );
    const [some, all, keys, none] = await mountsOf(pod);
    expect(some).toMatchObject({ target: "/some", readOnly: true });
    expect(readdirSync(some?.source ?? "").filter((name) => !name.startsWith(".."))).toEqual(["sub"]);
    expect(statSync(join(some?.source ?? "", "sub/colour")).mode & 0o777).toBe(0o600);
    expect(statSync(join(all?.source ?? "", "size")).mode & 0o777).toBe(0o440);
    expect(readFileSync(join(keys?.source ?? "", "password"), "utf8")).toBe("s3cret");
    expect(readdirSync(none?.source ?? "").filter((name) => !name.startsWith(".."))).toEqual([]);
  });

  it("updates the files of a config map in place", async () => {
    const pod = podWith([{ name: "v", configMap: { name: "settings" } }], [{ name: "v", mountPath: "/v" }]);
    const volumes = newVolumes();
    const [mount] = await mountsOf(pod, volumes);
    objects.set("ConfigMap/settings", { kind: "ConfigMap", metadata: {}, data: { colour: "blue" } });
    await mountsOf(pod, volumes);
    expect(readFileSync(join(mount?.source ?? "", "colour"), "utf8")).toBe("blue");
  });

  it("projects a token, the CA and the downward API, and renews the token", async () => {
    objects.set("ConfigMap/kube-root-ca.crt", { kind: "ConfigMap", metadata: {}, data: { "ca.crt": "CA" } });
    const sources = [
      { serviceAccountToken: { path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    ];
    const pod = podWith([{ name: "v", projected: { sources } }], [{ name: "v", mountPath: "/v" }]);
    const volumes = newVolumes();
    const [mount] = await mountsOf(pod, volumes);
    const text = (name: string): string => readFileSync(join(mount?.source ?? "", name), "utf8");
    expect([text("token"), text("ca.crt"), text("namespace")]).toEqual(["token 1", "CA", "shop"]);
    await mountsOf(pod, volumes);
    expect(text("token")).toBe("token 1");
    clock.advance(46 * 60_000);
    await mountsOf(pod, volumes);
    expect(text("token")).toBe("token 2");
  });

  it("lets anyone write into an emptyDir and makes its sub-paths", async () => {
    const pod = podWith(
      [{ name: "scratch", emptyDir: {} }],
      [
        { name: "scratch", mountPath: "/scratch" },
        { name: "scratch", mountPath: "/sub", subPath: "one/two", readOnly: true },
        { name: "scratch", mountPath: "/expr", subPathExpr: "$(POD)-logs" },
      ],
    );
    const [whole, sub, expr] = await mountsOf(pod);
    expect(statSync(whole?.source ?? "").mode & 0o777).toBe(0o777);
    expect(sub).toEqual({ source: join(whole?.source ?? "", "one/two"), target: "/sub", readOnly: true });
    expect(statSync(sub?.source ?? "").mode & 0o777).toBe(0o777);
    expect(expr?.source.endsWith("/web-logs")).toBe(true);
  });

  it("refuses sub-paths that leave the volume, also by links made in it", async () => {
    const volumes = [{ name: "scratch", emptyDir: {} }];
    const escaping = podWith(volumes, [{ name: "scratch", mountPath: "/x", subPath: "../other" }]);
    await expect(mountsOf(escaping)).rejects.toThrow('"../other" must stay inside the volume');
    mkdirSync(join(directory, "scratch"), { recursive: true });
    symlinkSync("/etc", join(directory, "scratch", "link"));
    for (const subPath of ["link", "link/new"]) {
      const linked = podWith(volumes, [{ name: "scratch", mountPath: "/x", subPath }]);
      await expect(mountsOf(linked)).rejects.toThrow("leads out of the volume");
    }
  });

  it.each([
    [{ configMap: { name: "none" } }, 'MountVolume.SetUp failed for volume "v" : configmap "none" not found'],
    [{ secret: { secretName: "none" } }, 'MountVolume.SetUp failed for volume "v" : secret "none" not found'],
    [
      { configMap: { name: "settings", items: [{ key: "none", path: "x" }] } },
      'MountVolume.SetUp failed for volume "v" : references non-existent config key: none',
    ],
    [
      { persistentVolumeClaim: { claimName: "x" } },
      'MountVolume.SetUp failed for volume "v" : kelpie does not support volumes of type "persistentVolumeClaim"',
    ],
    [
      { hostPath: { path: "/nowhere-at-all", type: "Directory" } },
      'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /nowhere-at-all is not a directory',
    ],
    [
      { configMap: { name: "settings", items: [{ key: "size", path: "../size" }] } },
      'MountVolume.SetUp failed for volume "v" : invalid path "../size": must be relative and must not contain ".."',
    ],
  ])("refuses %j", async (volume, message) => {
    await expect(mountsOf(podWith([{ name: "v", ...volume }], []))).rejects.toThrow(message);
  });

  it("knows the objects that a pod refers to", () => {
    const pod = podWith(
      [
        { name: "a", secret: { secretName: "keys" } },
        { name: "b", projected: { sources: [{ secret: { name: "p" } }] } },
      ],
      [],
      { initContainers: [{ name: "i", envFrom: [{ configMapRef: { name: "settings" } }] }] },
    );
    expect([...referencedObjects(pod)].sort()).toEqual(["ConfigMap/settings", "Secret/keys", "Secret/p"]);
  });
});
