import { describe, expect, it } from "vitest";
import { resolveImage } from "../../../src/embedded/runtimes/host-image.ts";
import { capabilityOptions } from "../../../src/embedded/runtimes/namespaces/capabilities.ts";
import { formatTable, keptFlags } from "../../../src/embedded/runtimes/namespaces/mount-table.ts";
import { hostsFile, resolverFile } from "../../../src/embedded/runtimes/pod-files.ts";
import { parseStat } from "../../../src/embedded/runtimes/process-identity.ts";
import { parseSignal } from "../../../src/embedded/runtimes/signal-name.ts";
import { quoteForShell } from "../../../src/embedded/runtimes/process-session.ts";

describe("capabilities", () => {
  const options = (add: readonly string[], drop: readonly string[], privileged = false): string[] =>
    capabilityOptions({ capabilities: { add, drop }, privileged });

  it("drops one of the default set and adds another by either name", () => {
    const [bounding = ""] = options(["CAP_NET_ADMIN"], ["NET_RAW"]);
    expect(bounding).toContain("--bounding-set=-all,+chown,");
    expect(bounding).not.toContain("net_raw");
    expect(bounding).toMatch(/,\+net_admin$/);
  });

  it("keeps only what is added when all are dropped", () => {
    expect(options(["NET_BIND_SERVICE"], ["ALL"])).toEqual([
      "--bounding-set=-all,+net_bind_service",
      "--inh-caps=-all",
    ]);
  });

  it("drops from all when all are added", () => {
    expect(options(["ALL"], ["SYS_ADMIN"])[0]).toBe("--bounding-set=+all,-sys_admin");
  });

  it("leaves a privileged container everything", () => {
    expect(options([], ["ALL"], true)).toEqual([]);
  });
});

describe("the mount table", () => {
  it("writes blanks and backslashes in octal", () => {
    expect(formatTable([{ source: "/a b", target: "/c\\d", type: "none", options: ["bind", "ro"] }])).toBe(
      "/a\\040b /c\\134d none bind,ro 0 0\n",
    );
  });

  it("keeps the flags of the innermost mount that holds a path", () => {
    const mountinfo = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 0:5 / /opt rw,nosuid,nodev - tmpfs tmpfs rw
29 28 0:6 / /opt/my\\040tools rw,noexec - tmpfs tmpfs rw`;
    expect(keptFlags("/usr", mountinfo)).toEqual([]);
    expect(keptFlags("/opt/x", mountinfo)).toEqual(["nosuid", "nodev"]);
    expect(keptFlags("/opt/my tools/y", mountinfo)).toEqual(["noexec"]);
    expect(keptFlags("/optional", mountinfo)).toEqual([]);
  });
});

describe("files of a pod", () => {
  it("names its address and its aliases in /etc/hosts", () => {
    const spec = {
      id: "u",
      namespace: "default",
      podName: "web",
      hostname: "web",
      hostNetwork: false,
      dns: { nameservers: [], searches: [], options: [] },
      hostAliases: [{ ip: "10.1.2.3", hostnames: ["a", "b"] }],
      limits: {},
    };
    expect(hostsFile(spec, "10.244.0.7").split("\n").slice(-6)).toEqual([
      "fe00::2\tip6-allrouters",
      "10.244.0.7\tweb",
      "",
      "# Entries added by HostAliases.",
      "10.1.2.3\ta\tb",
      "",
    ]);
  });

  it("writes /etc/resolv.conf", () => {
    const dns = { nameservers: ["10.96.0.10"], searches: ["a.svc", "svc"], options: ["ndots:5"] };
    expect(resolverFile(dns)).toBe("search a.svc svc\nnameserver 10.96.0.10\noptions ndots:5\n");
  });
});

it("reads a process whose name holds blanks and parentheses", () => {
  const fields = Array.from({ length: 19 }, (_value, index) => index);
  expect(parseStat(`42 (a) b (c) S ${fields.join(" ")} 9`)).toEqual({ pid: 42, state: "S", startTime: "18" });
  expect(parseStat("")).toBeUndefined();
});

it.each(["SIGTERM", "TERM", "15", "sigterm"])("takes %s for the signal to end", (text) => {
  expect(parseSignal(text)).toBe("SIGTERM");
});

it("refuses a signal that does not exist", () => {
  expect(() => parseSignal("SIGNOPE")).toThrow('"SIGNOPE" is no signal of this machine');
});

it("quotes a word so that a shell takes it as it is", () => {
  expect(quoteForShell("it's $x")).toBe(`'it'\\''s $x'`);
});

describe("images", () => {
  it.each(["localhost/host", "localhost/host:latest"])("knows %s without a pull", (reference) => {
    expect(resolveImage(reference, "/n").env).toEqual([["PATH", expect.stringMatching(/:\/sbin:\/bin:\/n$/)]]);
  });

  it.each([
    ["nginx", "ErrImagePull"],
    ["localhost/hostile", "ErrImagePull"],
    ["localhost/host:1.0", "ErrImagePull"],
    ["no image", "InvalidImageName"],
  ])("refuses %s with %s", (reference, reason) => {
    expect(() => resolveImage(reference, "/n")).toThrow(expect.objectContaining({ reason }) as Error);
  });
});
