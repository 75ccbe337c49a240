import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, whyNoPods, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { findKubectls, type Kubectl, type KubectlResult } from "../support/kubectl.ts";

const kubectls = findKubectls();
const SERVER = `require("http").createServer((q,s)=>{console.log("asked "+q.url);s.end("pong "+q.url)}).listen(8080,()=>console.log("listening"))`;

const web = `
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: web
    image: localhost/host
    command: [node, -e, '${SERVER}']
    readinessProbe: {httpGet: {port: 8080, path: /ready}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

const problem = kubectls.length === 0 ? "kubectl is not installed" : await whyNoPods();

if (problem !== undefined) it.skip(`pods are not tested with kubectl: ${problem}`, () => {});

/** Waits until a running program has printed something. It goes on printing: its output is not closed. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let said = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const found = pattern.exec(said);
      if (found !== null) resolve(found);
    });
    child.on("exit", () => reject(new Error(`it ended and had printed: ${said}`)));
  });
}

describe.skipIf(problem !== undefined).each(kubectls.map((kubectl): [string, Kubectl] => [kubectl.version, kubectl]))(
  "kubectl %s",
  (_, kubectl) => {
    let cluster: EmbeddedCluster;

    beforeAll(async () => {
      cluster = await startEmbeddedCluster({ withNode: true });
      const applied = await run("apply -f -", web);
      expect(applied.stderr).toBe("");
      const ready = await run("wait --for=condition=Ready pod/server --timeout=60s");
      expect(ready.stdout).toContain("condition met");
    });
    afterAll(() => cluster.dispose());

    const run = (args: string, input?: string): Promise<KubectlResult> =>
      kubectl.run(cluster.kubeconfig, args.split(" "), input);

    it("reads logs, follows them, and takes the tail", async () => {
      expect((await run("logs server")).stdout.split("\n")[0]).toBe("listening");
      await run("exec server -- node -e require('http').get('http://localhost:8080/hello')");
      const following = kubectl.start(cluster.kubeconfig, ["logs", "-f", "server"]);
      await printed(following, /asked \/hello/);
      following.kill();
      expect((await run("logs server --tail=1")).stdout).toMatch(/^asked /);
      expect((await run("logs server --timestamps --tail=1")).stdout).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect((await run("logs server -c nope")).stderr).toContain("container nope is not valid for pod server");
    });

    it("runs commands: output, errors, exit code and standard input", async () => {
      const both = await run("exec server -- ls / /nowhere");
      expect(both.stdout).toContain("usr");
      expect(both.stderr).toContain("/nowhere");
      expect(both.code).not.toBe(0);
      const input = "x".repeat(300_000);
      expect((await run("exec -i server -- wc -c", input)).stdout.trim()).toBe("300000");
      const exit = await kubectl.run(cluster.kubeconfig, ["exec", "server", "--", "sh", "-c", "exit 7"]);
      expect(exit.code).toBe(7);
    });

    it("brings large output whole", async () => {
      const large = await kubectl.run(cluster.kubeconfig, [
        "exec",
        "server",
        "--",
        "head",
        "-c",
        "5000000",
        "/dev/zero",
      ]);
      expect(large.stdout.length).toBe(5_000_000);
    });

    it("forwards a port, several connections at once", async () => {
      const forward = kubectl.start(cluster.kubeconfig, ["port-forward", "pod/server", ":8080"]);
      const said = await printed(forward, /127\.0\.0\.1:(\d+)/);
      const port = Number(said[1]);
      const answers = await Promise.all(
        ["/a", "/b", "/c"].map(async (path) => {
          const [response] = await once(get({ host: "127.0.0.1", port, path }), "response");
          return text(response);
        }),
      );
      expect(answers).toEqual(["pong /a", "pong /b", "pong /c"]);
      forward.kill();
    });

    it("reaches the service by its name from inside", async () => {
      const script = `require("http").get("http://web/from-inside",r=>r.pipe(process.stdout))`;
      const answer = await kubectl.run(cluster.kubeconfig, ["exec", "server", "--", "node", "-e", script]);
      expect(answer.stdout).toBe("pong /from-inside");
    });

    it("runs a pod to its end", async () => {
      await run("run once --image=localhost/host --restart=Never --command -- sh -c true");
      const phase = (): Promise<KubectlResult> => run("get pod once -o jsonpath={.status.phase}");
      while (!["Succeeded", "Failed"].includes((await phase()).stdout)) await new Promise((next) => setImmediate(next));
      expect((await phase()).stdout).toBe("Succeeded");
      expect((await run("get pod once --no-headers")).stdout).toMatch(/^once +0\/1 +Completed +0 /);
    });

    it("shows usage, describes with events, and lists the node", async () => {
      const top = await run("top pod server --no-headers");
      expect(top.stdout).toMatch(/^server +\d+m +\d+Mi/);
      const described = (await run("describe pod server")).stdout;
      expect(described).toMatch(/Successfully assigned default\/server to /);
      expect(described).toMatch(/Normal +Started +.*kubelet +(spec\.containers\{web\}: )?Started container web/);
      expect((await run("get nodes --no-headers")).stdout).toMatch(/ Ready +control-plane /);
    });

    it("deletes gracefully and waits until the pod is gone", async () => {
      await run("run victim --image=localhost/host --restart=Never --command -- sleep 1000");
      await run("wait --for=condition=Ready pod/victim --timeout=60s");
      expect((await run("delete pod victim --grace-period=1")).stdout).toContain('pod "victim" deleted');
      expect((await run("get pod victim")).stderr).toContain("NotFound");
    });
  },
);
