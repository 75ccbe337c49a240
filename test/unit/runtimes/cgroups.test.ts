import { describe, expect, it } from "vitest";
import { cgroupLayout } from "../../../src/embedded/runtimes/cgroups.ts";

const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`;
const V2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";

describe("where the control groups of this machine are", () => {
  it("finds the own group of every v1 controller, also of those that share a hierarchy", () => {
    const layout = cgroupLayout(V1, "4:memory:/mine\n2:cpu,cpuacct:/other\n0::/");
    expect(layout?.version).toBe(1);
    expect(Object.fromEntries(layout?.own ?? [])).toEqual({
      memory: "/sys/fs/cgroup/memory/mine",
      cpu: "/sys/fs/cgroup/cpu,cpuacct/other",
      cpuacct: "/sys/fs/cgroup/cpu,cpuacct/other",
    });
  });

  it("takes the one tree of v2", () => {
    const layout = cgroupLayout(V2, "0::/user.slice/me");
    expect([layout?.version, layout?.own.get("unified")]).toEqual([2, "/sys/fs/cgroup/user.slice/me"]);
  });

  it("counts v1 controllers beside a v2 tree as v1", () => {
    expect(cgroupLayout(`${V1}\n${V2}`, "4:memory:/\n0::/")?.version).toBe(1);
  });

  it("follows a mount that shows a part of the tree only, as in containers", () => {
    const part = "31 23 0:28 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw";
    expect(cgroupLayout(part, "0::/docker/abc/inner")?.own.get("unified")).toBe("/sys/fs/cgroup/inner");
  });

  it("finds nothing where none are mounted", () => {
    expect(cgroupLayout("22 27 0:21 / /proc rw - proc proc rw", "0::/")).toBeUndefined();
  });
});
