import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { spawn } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, whyNoPods, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { findKubectls, type Kubectl, type KubectlResult } from "../support/kubectl.ts";

const kubectls = findKubectls();
const SERVER = `require("http").createServer((q,s)=>s.end("pong "+q.url)).listen(8080,()=>console.log("listening"))`;

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: web, image: localhost/host, command: [node, -e, '${SERVER}'], readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

const shellPod = (name: string, script: string, more = ""): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: localhost/host, command: [sh, -c, '${script}']${more}}]
`;

const problem = kubectls.length === 0 ? "kubectl is not installed" : await whyNoPods();

if (problem !== undefined) it.skip(`sessions with pods are not tested: ${problem}`, () => {});

describe.skipIf(problem !== undefined).each(kubectls.map((kubectl): [string, Kubectl] => [kubectl.version, kubectl]))(
  "kubectl %s",
  (_, kubectl) => {
    let directory: string;
    let cluster: EmbeddedCluster;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), "kelpie-sessions-"));
      cluster = await startEmbeddedCluster({ withNode: true });
      await out(
        "apply -f -",
        web + "---" + shellPod("shell", "trap exit TERM; while read line; do echo got $line; done", ", stdin: true"),
      );
      await out("wait --for=condition=Ready pod/shell --timeout=60s");
      await out("rollout status deployment/web --timeout=60s");
    });
    afterAll(async () => {
      rmSync(directory, { recursive: true, force: true });
      await cluster.dispose();
    });

    const run = (args: string | readonly string[], input?: string): Promise<KubectlResult> =>
      kubectl.run(cluster.kubeconfig, typeof args === "string" ? args.split(" ") : args, input);

    async function out(args: string | readonly string[], input?: string): Promise<string> {
      const result = await run(args, input);
      expect(result.code, `kubectl ${String(args)}: ${result.stderr}`).toBe(0);
      return result.stdout.trim();
    }

    /** What a kubectl that goes on says, from its start to the first match. */
    function watch(args: readonly string[]): { until(wanted: RegExp): Promise<string>; end(): void } {
      const child = kubectl.start(cluster.kubeconfig, args);
      let said = "";
      const changed = new EventTarget();
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          changed.dispatchEvent(new Event("said"));
        });
      }
      return {
        async until(wanted) {
          while (!wanted.test(said)) await once(changed, "said");
          return said;
        },
        end: () => void child.kill(),
      };
    }

    /** A kubectl on a terminal; types each answer when its question is on the screen. */
    function onTerminal(
      args: readonly string[],
      answers: ReadonlyArray<readonly [RegExp, string]>,
    ): Promise<{ code: number; screen: string }> {
      return new Promise((resolve) => {
        const terminal = spawn(kubectl.path, [...args], {
          cols: 91,
          rows: 33,
          env: kubectl.environment(cluster.kubeconfig),
        });
        const left = [...answers];
        let screen = "";
        let from = 0;
        terminal.onData((data) => {
          screen += data;
          const [next] = left;
          if (next === undefined || !next[0].test(screen.slice(from))) return;
          left.shift();
          from = screen.length;
          terminal.write(next[1]);
        });
        terminal.onExit(({ exitCode }) => resolve({ code: exitCode, screen }));
      });
    }

    it("gives a shell on a terminal of the right size, with its exit code", async () => {
      const { code, screen } = await onTerminal(
        ["exec", "-it", "shell", "--", "sh"],
        [
          [/# $/, "stty size\r"],
          [/33 91[^]*# $/, "exit 5\r"],
        ],
      );
      expect(screen).toContain("33 91");
      expect(screen).toContain("command terminated with exit code 5");
      expect(code).toBe(5);
    });

    it("interrupts what runs on the terminal with Ctrl-C", async () => {
      const { code } = await onTerminal(
        // Not a shell: dash loses an interrupt that comes while it starts a program.
        ["exec", "-it", "shell", "--", "node", "-e", "console.log('ready'); setTimeout(() => {}, 100_000)"],
        [[/ready/, "\u0003"]],
      );
      expect(code).toBe(130);
    });

    it("runs a pod on a terminal and removes it afterwards", async () => {
      const image = ["--image=localhost/host", "--restart=Never"];
      const { screen } = await onTerminal(
        ["run", "-it", "--rm", ...image, "visit", "--", "sh"],
        [[/pressing enter/, "echo he''re; exit\r"]],
      );
      expect(screen).toMatch(/here[^]*pod "visit" deleted/);
      expect((await run("get pod visit")).stderr).toContain("NotFound");
    });

    // Before 1.22 the subresource was a kind of its own.
    it.skipIf(kubectl.minor < 22)("debugs a pod: a container that sees the processes of another", async () => {
      const debug = ["debug", "-it", "shell", "--image=localhost/host", "--target=main", "-c", "look"];
      const { screen } = await onTerminal(
        [...debug, "--", "sh"],
        [[/pressing enter/, "cat /proc/1/cmdline; exit 3\r"]],
      );
      expect(screen).toContain("while read line");
      const state = "get pod shell -o jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}";
      await expect.poll(() => out(state)).toBe("3");
      expect(await out("exec shell -c main -- echo untouched")).toBe("untouched");
      const wrong = await run(["debug", "shell", "--image=localhost/host", "--target=absent", "-c", "wrong"]);
      expect(wrong.stderr).toContain('spec.ephemeralContainers[1].targetContainerName: Not found: "absent"');
      const removed = ["patch", "pod", "shell", "--subresource=ephemeralcontainers", "--type=json", "-p"];
      const patch = JSON.stringify([{ op: "remove", path: "/spec/ephemeralContainers" }]);
      if (kubectl.minor >= 32) {
        expect((await run([...removed, patch])).stderr).toMatch(/ephemeral containers "look" may not be removed/);
      }
    });

    it("attaches to the input of a container", async () => {
      const { screen } = await onTerminal(
        ["attach", "-i", "shell"],
        [
          [/pressing enter/, "words\r"],
          [/got words/, "\u0003"],
        ],
      );
      expect(screen).toContain("got words");
    });

    it("copies files in both directions", async () => {
      const [source, back] = [join(directory, "source"), join(directory, "back")];
      writeFileSync(source, "copied\n".repeat(50_000));
      await out(["cp", source, "shell:/tmp/target"]);
      expect(await out("exec shell -- wc -c /tmp/target")).toBe("350000 /tmp/target");
      await out(["cp", "shell:/tmp/target", back]);
      expect(readFileSync(back, "utf8")).toBe(readFileSync(source, "utf8"));
    });

    it.each(["service/web", "deployment/web"])("forwards a port to %s", async (target) => {
      const forward = watch(["port-forward", target, target.startsWith("s") ? ":80" : ":8080"]);
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(await forward.until(/-> 8080\n/))?.[1]);
      const [response] = await once(get({ host: "127.0.0.1", port, path: "/there" }), "response");
      expect(await text(response)).toBe("pong /there");
      forward.end();
    });

    it("reads the log of the container before, of a deployment and of a selection", async () => {
      await out(
        "apply -f -",
        shellPod("again", "echo life; test -e /tmp/second && exec sleep 1000; touch /tmp/second; exit 3").replace(
          "sh, -c",
          "sh, -c",
        ),
      );
      const crashed = "get pod again -o jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}";
      await expect.poll(() => out(crashed)).toBe("3");
      expect(await out("logs again --previous")).toBe("life");
      expect(await out("logs deployment/web --tail=1")).toBe("listening");
      expect(await out("logs -l app=web --prefix")).toMatch(
        /^\[pod\/web-\S+\/web\] listening\n\[pod\/web-\S+\/web\] listening$/,
      );
      expect((await run("logs shell --previous")).stderr).toContain(
        'previous terminated container "main" in pod "shell" not found',
      );
      await out("delete pod again --now");
    });

    it("rolls out, shows it while it happens, and rolls back", async () => {
      const watching = watch(["get", "deployment", "web", "-w"]);
      await watching.until(/2\/2/);
      await out("set env deployment/web STAGE=two");
      expect(await out("rollout status deployment/web --timeout=60s")).toContain("successfully rolled out");
      expect(await watching.until(/2\/2 +1 +2 /)).toMatch(/^web +2\/2 +1 +2 /m);
      watching.end();
      expect(await out("rollout history deployment/web --revision=2")).toMatch(/STAGE:\s+two/);
      await out("rollout undo deployment/web");
      await out("rollout status deployment/web --timeout=60s");
      expect(await out("get deployment web -o jsonpath={.spec.template.spec.containers[0].env}")).toBe("");
      expect(await out("describe deployment web")).toMatch(
        /ScalingReplicaSet .*Scaled up replica set web-\S+ from 0 to 1/,
      );
    });

    it("waits for what it deletes: dependents in the foreground, a selection, a namespace", async () => {
      await out("create namespace gone");
      await out("-n gone apply -f -", web);
      await out("-n gone rollout status deployment/web --timeout=60s");
      await out("-n gone delete deployment web --cascade=foreground --timeout=60s");
      expect(await out("-n gone get replicasets,pods -o name")).toBe("");
      await out("-n gone apply -f -", web);
      await out("-n gone rollout status deployment/web --timeout=60s");
      const waiting = run("-n gone wait --for=delete pod -l app=web --timeout=60s");
      await out("delete namespace gone --timeout=60s");
      expect((await waiting).code).toBe(0);
      expect((await run("get namespace gone")).stderr).toContain('namespaces "gone" not found');
    });

    it("describes the node with its events and measures it", async () => {
      const described = await out("describe node");
      expect(described).toMatch(/Normal +Starting +.*kubelet.* +Starting kubelet\./);
      expect(described).toMatch(/Ready +True /);
      expect(await out("top nodes --no-headers")).toMatch(/\d+m +\d+% +\d+Mi +\d+%/);
      expect(await out("top pods --no-headers")).toMatch(/^shell +\d+m +\d+Mi/m);
    });

    it("empties the node and fills it again", async () => {
      const node = await out("get nodes -o jsonpath={.items[0].metadata.name}");
      await out(`taint node ${node} stage=test:NoSchedule`);
      await out(`taint node ${node} stage-`);
      await out(`drain ${node} --force --ignore-daemonsets --timeout=60s`);
      expect(await out("get nodes --no-headers")).toContain("Ready,SchedulingDisabled");
      expect((await run("get pod shell")).stderr).toContain("NotFound");
      await out(`uncordon ${node}`);
      await out("rollout status deployment/web --timeout=60s");
    });
  },
);
