import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, whyNoPods, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { PATIENCE } from "../support/patience.ts";

const run = promisify(execFile);

/** The first Python of this machine that has the client (Debian: python3-kubernetes). */
async function findPython(): Promise<string | undefined> {
  for (const path of ["/usr/bin/python3", "/usr/local/bin/python3"]) {
    try {
      accessSync(path, constants.X_OK);
      await run(path, ["-c", "import kubernetes"]);
      return path;
    } catch {
      // Not there, or without the client: look on.
    }
  }
  return undefined;
}

const python = await findPython();
const problem =
  python === undefined ? "Python has no package kubernetes (Debian: python3-kubernetes)" : await whyNoPods();

if (problem !== undefined) it.skip(`Python's client is not tested: ${problem}`, () => {});

describe.skipIf(problem !== undefined)("Python's client", () => {
  let cluster: EmbeddedCluster;
  beforeAll(async () => {
    cluster = await startEmbeddedCluster({ withNode: true });
  });
  afterAll(() => cluster.dispose());

  /** Runs a script; what it prints. */
  async function script(text: string): Promise<string> {
    const program = `from kubernetes import client, config, watch\nconfig.load_kube_config()\nv1, apps = client.CoreV1Api(), client.AppsV1Api()\n${text}`;
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
    return (await run(python ?? "", ["-c", program], { env, timeout: 2 * PATIENCE })).stdout.trim();
  }

  it("creates, lists in pages, patches, replaces, watches and deletes", async () => {
    const said = await script(`
for name in ("a", "b", "c"):
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"app": "python"}), data={"key": name})
    v1.create_namespaced_config_map("default", body)
page = v1.list_namespaced_config_map("default", label_selector="app=python", limit=2)
rest = v1.list_namespaced_config_map("default", label_selector="app=python", limit=2, _continue=page.metadata._continue)
print([item.metadata.name for item in page.items + rest.items], page.metadata.remaining_item_count)
v1.patch_namespaced_config_map("a", "default", {"data": {"more": "1"}})
v1.patch_namespaced_config_map("a", "default", [{"op": "remove", "path": "/data/key"}])
print(v1.read_namespaced_config_map("a", "default").data)
changed = v1.read_namespaced_config_map("b", "default")
changed.data["key"] = "changed"
print(v1.replace_namespaced_config_map("b", "default", changed).data)
try:
    v1.replace_namespaced_config_map("b", "default", changed)
except client.exceptions.ApiException as error:
    print(error.status, error.reason)
seen = []
for event in watch.Watch().stream(v1.list_namespaced_config_map, "default", label_selector="app=python", timeout_seconds=60):
    seen.append((event["type"], event["object"].metadata.name))
    if len(seen) == 3:
        v1.delete_namespaced_config_map("c", "default")
    if len(seen) == 4:
        break
print(seen)
`);
    expect(said.split("\n")).toEqual([
      // A count of what is left is not given with a selector.
      "['a', 'b', 'c'] None",
      "{'more': '1'}",
      "{'key': 'changed'}",
      "409 Conflict",
      "[('ADDED', 'a'), ('ADDED', 'b'), ('ADDED', 'c'), ('DELETED', 'c')]",
    ]);
  });

  it("runs a pod, reads its log, runs a command in it and scales a deployment", async () => {
    const said = await script(`
from kubernetes.stream import stream
pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "python"}, "spec": {"terminationGracePeriodSeconds": 1,
       "containers": [{"name": "main", "image": "localhost/host", "command": ["sh", "-c", "echo hello; exec sleep 100"]}]}}
v1.create_namespaced_pod("default", pod)
for event in watch.Watch().stream(v1.list_namespaced_pod, "default", field_selector="metadata.name=python", timeout_seconds=60):
    if event["object"].status.phase == "Running":
        break
# Running says that the process has begun, not that it has written.
print(v1.read_namespaced_pod_log("python", "default", follow=True, _preload_content=False).readline().decode().strip())
print(stream(v1.connect_get_namespaced_pod_exec, "python", "default", command=["sh", "-c", "echo out; echo err >&2"],
             stdout=True, stderr=True, stdin=False, tty=False).split())
session = stream(v1.connect_get_namespaced_pod_exec, "python", "default", command=["sh", "-c", "read line; echo got $line; exit 3"],
                 stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False)
session.write_stdin("words\\n")
session.run_forever(timeout=60)
print(session.read_stdout().strip(), session.returncode)
labels = {"app": "python"}
apps.create_namespaced_deployment("default", {"metadata": {"name": "python"}, "spec": {"replicas": 0,
    "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
    "spec": {"containers": [{"name": "main", "image": "localhost/host"}]}}}})
print(apps.patch_namespaced_deployment_scale("python", "default", {"spec": {"replicas": 2}}).spec.replicas)
print(apps.read_namespaced_deployment("python", "default").spec.replicas)
apps.delete_namespaced_deployment("python", "default", propagation_policy="Foreground")
v1.delete_namespaced_pod("python", "default", grace_period_seconds=0)
`);
    expect(said.split("\n")).toEqual(["hello", "['out', 'err']", "got words 3", "2", "2"]);
  });
});
