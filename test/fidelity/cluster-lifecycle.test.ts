import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  clusterLogFiles,
  clusterStatus,
  deleteCluster,
  listClusters,
  readClusterKubeconfig,
  startCluster,
  stopCluster,
} from "../../src/embedded/index.ts";
import { whyNoPods } from "../support/embedded-cluster.ts";
import { asRecord, asRecords, asString, at } from "../../src/lib/kube/object.ts";
import { parseYaml } from "../../src/lib/yaml.ts";

const problem = await whyNoPods();
let home: string;
const options = (): { name: string; home: string } => ({ name: "kelpie", home });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kelpie-home-"));
});
afterEach(async () => {
  await deleteCluster(options());
  rmSync(home, { recursive: true, force: true });
});

/** One request with the credentials of the cluster's kubeconfig. */
async function call(method: string, path: string, body?: unknown): Promise<{ code: number; body: unknown }> {
  const config = parseYaml(readClusterKubeconfig(options()));
  const cluster = asRecord(at(config, "clusters", 0, "cluster"));
  const user = asRecord(at(config, "users", 0, "user"));
  const decode = (value: unknown): string => Buffer.from(asString(value), "base64").toString();
  return new Promise((resolve, reject) => {
    const sent = request(`${asString(cluster["server"])}${path}`, {
      method,
      ca: decode(cluster["certificate-authority-data"]),
      cert: decode(user["client-certificate-data"]),
      key: decode(user["client-key-data"]),
      agent: false,
      headers: { "content-type": "application/json" },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      void text(response).then((answer) => {
        const isJson = response.headers["content-type"] === "application/json";
        resolve({ code: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) : answer });
      }, reject);
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const createMap = (name: string): Promise<{ code: number; body: unknown }> =>
  call("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name } });

async function mapNames(): Promise<readonly string[]> {
  const { body } = await call("GET", "/api/v1/namespaces/default/configmaps");
  return asRecords(at(body, "items")).map((item) => asString(at(item, "metadata", "name")));
}

function pidOf(): number {
  return clusterStatus(options())?.pid ?? 0;
}

/** Processes that work in a directory, by what /proc says of them. */
function processesIn(directory: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return command.includes(directory) || readlinkSync(`/proc/${pid}/cwd`).startsWith(directory);
    } catch {
      return false;
    }
  });
}

describe("a local cluster", () => {
  it("starts, is found, starts again without effect, stops and keeps its state", async () => {
    const steps: string[] = [];
    const started = await startCluster({ ...options(), onProgress: (step) => steps.push(step) });
    expect(started).toMatchObject({ name: "kelpie", state: "running", context: "kelpie" });
    expect(steps.at(-1)).toBe("The API server is ready");
    expect((await call("GET", "/readyz")).body).toBe("ok");
    await createMap("kept");

    const again = await startCluster(options());
    expect(again.pid).toBe(started.pid);
    expect(listClusters(home).map(({ name, state }) => `${name} ${state}`)).toEqual(["kelpie running"]);

    await stopCluster(options());
    expect(clusterStatus(options())?.state).toBe("stopped");
    const third = await startCluster(options());
    expect(third.server).toBe(started.server);
    expect(await mapNames()).toContain("kept");
  });

  it("starts once when two start it at the same moment", async () => {
    const [one, two] = await Promise.all([startCluster(options()), startCluster(options())]);
    expect(one.state).toBe("running");
    expect(two.pid).toBe(one.pid);
    expect((await call("GET", "/readyz")).code).toBe(200);
  });

  it("loses no acknowledged write to kill -9", async () => {
    await startCluster(options());
    const acknowledged: string[] = [];
    let next = 0;
    const writer = async (): Promise<void> => {
      for (;;) {
        const name = `map-${(next += 1)}`;
        const answer = await createMap(name).catch(() => undefined);
        if (answer?.code !== 201) return;
        acknowledged.push(name);
        if (acknowledged.length === 60) process.kill(pidOf(), "SIGKILL");
      }
    };
    await Promise.all([writer(), writer(), writer(), writer()]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    await startCluster(options());
    expect(await mapNames()).toEqual(expect.arrayContaining(acknowledged));
  });

  it.skipIf(problem !== undefined)(
    "adopts running pods after kill -9: no restart, no lost line of the log",
    async () => {
      await startCluster({ ...options(), wait: true });
      const command = ["sh", "-c", "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.05; done"];
      const spec = { containers: [{ name: "main", image: "localhost/host", command }] };
      await call("POST", "/api/v1/namespaces/default/pods", { metadata: { name: "talker" }, spec });
      const pod = "/api/v1/namespaces/default/pods/talker";
      const lines = async (): Promise<readonly string[]> => {
        const { code, body } = await call("GET", `${pod}/log`);
        return code === 200 ? asString(body).trimEnd().split("\n") : [];
      };
      const until = async (count: number): Promise<readonly string[]> => {
        for (;;) {
          const found = await lines();
          if (found.length >= count) return found;
        }
      };
      const before = await until(5);
      process.kill(pidOf(), "SIGKILL");
      await startCluster({ ...options(), wait: true });
      const after = await until(before.length + 10);
      expect(after).toEqual(after.map((_, index) => `line ${index + 1}`));
      const { body } = await call("GET", pod);
      expect(at(body, "status", "containerStatuses", 0)).toMatchObject({ restartCount: 0, ready: true });
    },
  );

  it("keeps keys and kubeconfig to its owner and no secret in its log", async () => {
    const { directory, kubeconfig } = await startCluster(options());
    const files = readdirSync(join(directory, "pki")).map((name) => join(directory, "pki", name));
    for (const file of [...files, kubeconfig, join(directory, "state.db")]) {
      expect(statSync(file).mode & 0o077, file).toBe(0);
    }
    const log = clusterLogFiles(options()).map((file) => readFileSync(file, "utf8"));
    expect(log.join("")).not.toMatch(/PRIVATE KEY|Bearer /);
  });

  it("leaves no process and no file when it is deleted", async () => {
    const { directory } = await startCluster({ ...options(), wait: true });
    await deleteCluster(options());
    expect(existsSync(directory)).toBe(false);
    expect(processesIn(directory)).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(directory);
    expect(clusterStatus(options())).toBeUndefined();
  });

  it("refuses a name that is no name", async () => {
    await expect(startCluster({ name: "../up", home })).rejects.toThrow('"../up" cannot be the name of a cluster');
  });
});
