import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { findKubectls, type Kubectl, type KubectlResult } from "../support/kubectl.ts";

const kubectls = findKubectls();

const workload = (replicas: number, image = "localhost/host"): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 8080}]
        env: [{name: GREETING, value: hello}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`;

if (kubectls.length === 0) it.skip("kubectl is not installed: what it does against the API is not tested", () => {});

describe.each(kubectls.map((kubectl): [string, Kubectl] => [kubectl.version, kubectl]))("kubectl %s", (_, kubectl) => {
  let cluster: EmbeddedCluster;
  let namespaces = 0;

  beforeAll(async () => {
    cluster = await startEmbeddedCluster();
  });
  afterAll(() => cluster.dispose());

  const run = (args: string, input?: string): Promise<KubectlResult> =>
    kubectl.run(cluster.kubeconfig, args.split(" "), input);

  async function out(args: string, input?: string): Promise<string> {
    const result = await run(args, input);
    expect(`${result.stderr}${result.code}`, `kubectl ${args}`).toMatch(/(^|\n)0$/);
    return result.stdout.trim();
  }

  /** A namespace of its own, so that tests do not see each other's objects. */
  async function inNamespace(): Promise<(args: string, input?: string) => Promise<string>> {
    namespaces += 1;
    const name = `test-${namespaces}`;
    await out(`create namespace ${name}`);
    return (args, input) => out(`-n ${name} ${args}`, input);
  }

  it("lists what is served", async () => {
    const resources = await out("api-resources -o name");
    expect(resources.split("\n")).toEqual(
      expect.arrayContaining(["pods", "deployments.apps", "leases.coordination.k8s.io", "pods.metrics.k8s.io"]),
    );
    expect(await out("get --raw /readyz")).toBe("ok");
  });

  it("says created, then unchanged, then configured", async () => {
    const k = await inNamespace();
    expect(await k("apply -f -", workload(2))).toBe("deployment.apps/web created\nservice/web created");
    expect(await k("apply -f -", workload(2))).toBe("deployment.apps/web unchanged\nservice/web unchanged");
    expect(await k("apply -f -", workload(3))).toBe("deployment.apps/web configured\nservice/web unchanged");
    expect(await k("get deployment web -o jsonpath={.spec.replicas}")).toBe("3");
  });

  it("prints tables as a cluster of upstream does", async () => {
    const k = await inNamespace();
    await k("apply -f -", workload(1));
    const lines = (text: string): string[] => text.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
    expect(lines(await k("get deployments -o wide"))[0]).toBe(
      "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR",
    );
    expect(lines(await k("get deployments -o wide"))[1]).toMatch(/^web 0\/1 [01] 0 \d+s web localhost\/host app=web$/);
    expect(lines(await k("get services"))[0]).toBe("NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE");
    expect(lines(await k("get services"))[1]).toMatch(/^web ClusterIP 10\.96\.\d+\.\d+ <none> 80\/TCP \d+s$/);
    await k("wait --for=condition=Progressing deployment/web --timeout=60s");
    expect(lines(await k("get pods -o wide"))[0]).toBe(
      "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES",
    );
    expect(lines(await k("get replicasets"))[0]).toBe("NAME DESIRED CURRENT READY AGE");
  });

  it("creates objects from the command line, whose bodies are protobuf", async () => {
    const k = await inNamespace();
    expect(await k("create configmap settings --from-literal=colour=blue")).toBe("configmap/settings created");
    expect(await k("create secret generic token --from-literal=value=s3cret")).toBe("secret/token created");
    expect(await k("create serviceaccount robot")).toBe("serviceaccount/robot created");
    expect(await k("create deployment made --image=localhost/host --replicas=2")).toBe("deployment.apps/made created");
    expect(await k("get configmap settings -o jsonpath={.data.colour}")).toBe("blue");
    expect(await k("get secret token -o jsonpath={.data.value}")).toBe(Buffer.from("s3cret").toString("base64"));
    expect(await k("get deployment made -o jsonpath={.spec.template.spec.containers[0].image}")).toBe("localhost/host");
    expect(await k("expose deployment made --port=80")).toBe("service/made exposed");
  });

  it("scales, labels, annotates and patches in three ways", async () => {
    const k = await inNamespace();
    await k("apply -f -", workload(1));
    expect(await k("scale deployment web --replicas=4")).toContain("scaled");
    expect(await k("label deployment web tier=front")).toContain("labeled");
    expect(await k("annotate deployment web note=x")).toContain("annotated");
    await k(`patch deployment web --type=merge -p {"spec":{"minReadySeconds":3}}`);
    await k(`patch deployment web --type=json -p [{"op":"add","path":"/metadata/labels/json","value":"yes"}]`);
    const container = `{"name":"web","image":"localhost/host","workingDir":"/tmp"}`;
    await k(`patch deployment web -p {"spec":{"template":{"spec":{"containers":[${container}]}}}}`);
    expect(await k("get deployment web -o jsonpath={.spec.replicas}/{.spec.minReadySeconds}/{.metadata.labels}")).toBe(
      `4/3/{"json":"yes","tier":"front"}`,
    );
    const merged = await k("get deployment web -o jsonpath={.spec.template.spec.containers[0]['env','workingDir']}");
    expect(merged).toContain("GREETING");
    expect(merged).toContain("/tmp");
  });

  it("keeps a history of rollouts and goes back", async () => {
    const k = await inNamespace();
    await k("apply -f -", workload(1, "localhost/host:one"));
    await k("wait --for=condition=Progressing deployment/web --timeout=60s");
    await k("set image deployment/web web=localhost/host:two");
    await k("wait --for=condition=Progressing deployment/web --timeout=60s");
    const image = "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}";
    expect(await k(image)).toBe("localhost/host:two");
    expect(await k("rollout undo deployment/web")).toContain("rolled back");
    expect(await k(image)).toBe("localhost/host:one");
    expect(await k("rollout history deployment/web")).toMatch(/REVISION/);
  });

  it("changes nothing in a dry run", async () => {
    const k = await inNamespace();
    expect(await k("apply --dry-run=server -f -", workload(1))).toContain("created (server dry run)");
    expect(await k("get deployments,services -o name")).toBe("");
  });

  it("reads long lists in chunks", async () => {
    const k = await inNamespace();
    for (const name of ["a", "b", "c"]) await k(`create configmap ${name}`);
    expect(await k("get configmaps --chunk-size=1 -o name")).toBe(
      "configmap/a\nconfigmap/b\nconfigmap/c\nconfigmap/kube-root-ca.crt",
    );
    expect(await k("get configmaps --field-selector=metadata.name=b -o name")).toBe("configmap/b");
  });

  it("says what is wrong in upstream's words", async () => {
    const missing = await run("get configmap nowhere");
    expect(missing.stderr).toContain('Error from server (NotFound): configmaps "nowhere" not found');
    const namespace = await run("-n nowhere create configmap x");
    expect(namespace.stderr).toContain('namespaces "nowhere" not found');
    const selector = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: wrong}
spec:
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: two}}
    spec: {containers: [{name: web, image: x}]}
`;
    const invalid = await run("create -f -", selector);
    expect(invalid.stderr).toContain("`selector` does not match template `labels`");
    const twice = await run("create namespace default");
    expect(twice.stderr).toContain('namespaces "default" already exists');
  });

  it("deletes: with dependents, without them, and a whole namespace", async () => {
    const k = await inNamespace();
    await k("apply -f -", workload(1));
    await k("wait --for=condition=Progressing deployment/web --timeout=60s");
    await k("delete deployment web --cascade=orphan");
    expect(await k("get replicasets -o name")).toMatch(/^replicaset\.apps\/web-/);
    await k("delete replicasets --all --cascade=foreground");
    expect(await k("get replicasets,deployments -o name")).toBe("");
    await k("apply -f -", workload(1));
    const namespace = `test-${namespaces}`;
    expect(await out(`delete namespace ${namespace}`)).toContain(`namespace "${namespace}" deleted`);
    const after = await run(`get namespace ${namespace}`);
    expect(after.stderr).toContain("NotFound");
  });

  it("says who may do what", async () => {
    expect(await out("auth can-i delete pods")).toBe("yes");
    if (kubectl.minor >= 28)
      expect(await out("auth whoami -o jsonpath={.status.userInfo.username}")).toBe("kelpie-admin");
    if (kubectl.minor >= 24) expect((await out("create token default")).split(".")).toHaveLength(3);
  });

  it.skipIf(kubectl.minor < 24)(
    "applies on the server, reports conflicts and takes fields over with force (kubectl 1.24 or newer)",
    async () => {
      const k = await inNamespace();
      await k("apply --server-side -f -", workload(1));
      await k("apply --server-side --field-manager=other --force-conflicts -f -", workload(2));
      const conflict = await run(`-n test-${namespaces} apply --server-side -f -`, workload(3));
      expect(conflict.stderr).toContain('conflict with "other": .spec.replicas');
      expect(await k("apply --server-side --force-conflicts -f -", workload(3))).toContain("serverside-applied");
      expect(await k("get deployment web -o jsonpath={.spec.replicas}")).toBe("3");
    },
  );

  it.skipIf(kubectl.minor < 24)("refuses unknown fields (kubectl 1.24 or newer)", async () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b, imge: c}]}\n";
    const refused = await run("create -f -", pod);
    expect(refused.stderr).toContain('strict decoding error: unknown field "spec.containers[0].imge"');
  });

  it.skipIf(kubectl.minor < 24)("explains kinds (kubectl 1.24 or newer)", async () => {
    expect(await out("explain pod.spec.containers.image")).toMatch(/FIELD:\s+image <string>/);
  });
});
