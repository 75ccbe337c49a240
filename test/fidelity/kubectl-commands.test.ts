import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { findKubectls, type Kubectl, type KubectlResult } from "../support/kubectl.ts";

const kubectls = findKubectls();

/** One step of a session: later steps see what earlier ones did. */
interface Step {
  /** Arguments with single spaces between; `|` stands for a space inside one. */
  readonly args: string;
  readonly input?: string;
  /** What standard output and standard error together hold. */
  readonly says: string | RegExp;
  /** Exit code; 0 unless it says otherwise. */
  readonly code?: number;
  /** The first minor version of kubectl that has the command. */
  readonly since?: number;
}

const web = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: localhost/host, command: [sleep, "1000"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

const manifest = (object: unknown): string => JSON.stringify(object);
const pod = (name: string, spec: unknown): string =>
  manifest({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec });

const SESSIONS: Readonly<Record<string, readonly Step[]>> = {
  "learns what the server is and serves": [
    { args: "version", says: /Server Version.*v1\.36\.0\+kelpie/ },
    { args: "api-versions", says: /^apps\/v1\n[^]*^v1$/m },
    { args: "api-resources", says: /^deployments +deploy +apps\/v1 +true +Deployment$/m },
    { args: "api-resources --verbs=list --namespaced -o name", says: /^endpointslices\.discovery\.k8s\.io$/m },
    { args: "cluster-info", says: /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/ },
    { args: "get --raw /readyz", says: /^ok$/ },
    { args: "get --raw /readyz?verbose", says: /^\[\+\]ping ok\n[^]*^readyz check passed$/m },
    { args: "get --raw /livez", says: /^ok$/ },
    {
      args: "get --raw /nope",
      says: "Error from server (NotFound): the server could not find the requested resource",
      code: 1,
    },
    { args: "get nosuch", says: `error: the server doesn't have a resource type "nosuch"`, code: 1 },
    { args: "get all -A", says: /^default +service\/kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP /m },
    { args: "auth can-i --list", says: /^\*\.\* +\[\] +\[\] +\[\*\]/m },
    { args: "auth whoami", says: /^Groups +\[system:masters system:authenticated\]$/m, since: 28 },
  ],
  "acts as somebody else": [
    { args: "auth can-i list pods", says: /^yes$/ },
    { args: "auth can-i list pods --as=system:serviceaccount:default:default", says: /^no\b/, code: 1 },
    {
      args: "get pods --as=bob",
      says: `Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "{namespace}"`,
      code: 1,
    },
    { args: "get pods --as=bob --as-group=system:masters", says: "No resources found" },
    { args: "auth whoami --as=bob --as-group=dev", says: /^Groups +\[dev system:authenticated\]$/m, since: 28 },
  ],
  "applies, compares and edits": [
    { args: "apply -f -", input: web(1), says: "deployment.apps/web created\nservice/web created" },
    { args: "apply -f -", input: web(1), says: "deployment.apps/web unchanged\nservice/web unchanged" },
    { args: "diff -f -", input: web(1), says: /^$/ },
    { args: "diff -f -", input: web(2), says: /^-  replicas: 1\n\+  replicas: 2$/m, code: 1 },
    {
      args: "apply --dry-run=server -f -",
      input: web(2),
      says: "deployment.apps/web configured (server dry run)\nservice/web unchanged (server dry run)",
    },
    { args: "apply -f -", input: web(2), says: "deployment.apps/web configured\nservice/web unchanged" },
    { args: "get deploy web --subresource=scale", says: /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +\d +/, since: 24 },
    { args: "create -f -", input: web(1), says: 'deployments.apps "web" already exists', code: 1 },
    { args: "replace -f -", input: web(3), says: "deployment.apps/web replaced\nservice/web replaced" },
    { args: "replace --force -f -", input: web(3), says: "deployment.apps/web replaced\nservice/web replaced" },
    { args: "edit deployment web", says: "deployment.apps/web edited" },
    { args: "get deployment web -o jsonpath={.spec.replicas}", says: /^4$/ },
    { args: "apply --server-side -f -", input: web(4), says: "serverside-applied", since: 24 },
    {
      args: "apply -f -",
      input: web(4).replaceAll("app: web", "app: other"),
      says: "field is immutable",
      code: 1,
    },
  ],
  "creates from the command line": [
    {
      args: "create deployment made --image=localhost/host --replicas=2 -- sleep 10",
      says: "deployment.apps/made created",
    },
    { args: "create configmap c --from-literal=a=b", says: "configmap/c created" },
    { args: "create configmap c", says: 'configmaps "c" already exists', code: 1 },
    { args: "create secret generic s --from-literal=a=b", says: "secret/s created" },
    { args: "create secret docker-registry d --docker-username=u --docker-password=p", says: "secret/d created" },
    { args: "create serviceaccount robot", says: "serviceaccount/robot created" },
    { args: "create token robot", says: /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, since: 24 },
    { args: "create service clusterip cip --tcp=80:8080", says: "service/cip created" },
    { args: "create service nodeport np --tcp=80:8080", says: "service/np created" },
    { args: "create service externalname en --external-name=example.com", says: "service/en created" },
    { args: "expose deployment made --port=80 --target-port=8080", says: "service/made exposed" },
    { args: "run once --image=localhost/host --restart=Never -- true", says: "pod/once created" },
    { args: "get svc en", says: /^en +ExternalName +<none> +example\.com +<none> /m },
    { args: "get svc np", says: /^np +NodePort +10\.96\.\S+ +<none> +80:3\d{4}\/TCP /m },
    { args: "get secrets", says: /^d +kubernetes\.io\/dockerconfigjson +1 [^]*^s +Opaque +1 /m },
    { args: "describe secret s", says: /^a: +1 bytes$/m },
    { args: "describe configmap c", says: /^a:\n----\nb$/m },
    { args: "describe service np", says: /^NodePort: +80-8080 +3\d{4}\/TCP$/m },
    { args: "describe serviceaccount robot", says: /^Name: +robot$/m },
    { args: "describe namespace {namespace}", says: /^Labels: +kubernetes\.io\/metadata\.name=/m },
    { args: "describe deployment made", says: /^Replicas: +2 desired \| /m },
    { args: "describe pod once", says: /^Status: +Pending$/m },
    { args: "explain deployment.spec.replicas", says: /FIELD: +replicas <integer>/ },
  ],
  "selects, sorts and prints": [
    { args: "create configmap b --from-literal=x=1", says: "created" },
    { args: "create configmap a --from-literal=x=1 --from-literal=y=2", says: "created" },
    { args: "label configmap b tier=front", says: "configmap/b labeled" },
    { args: "get configmap -l tier=front -o name", says: /^configmap\/b$/ },
    { args: "get configmap -l tier|in|(front,back),!nope -o name", says: /^configmap\/b$/ },
    { args: "get configmap -l tier!=front,x!=y --field-selector=metadata.name=a -o name", says: /^configmap\/a$/ },
    {
      args: "get configmap --field-selector=metadata.name!=kube-root-ca.crt --sort-by={.metadata.creationTimestamp} -o name",
      says: /configmap\/[ab]/,
    },
    { args: "get configmap a b --no-headers", says: /^a +2 [^]*^b +1 /m },
    {
      args: "get configmap --chunk-size=1 -o name",
      says: /^configmap\/a\nconfigmap\/b\nconfigmap\/kube-root-ca\.crt$/,
    },
    { args: "get configmap b -L tier", says: /^NAME +DATA +AGE +TIER\nb +1 +\S+ +front$/ },
    { args: "get configmap b --show-labels", says: /tier=front$/ },
    { args: "get configmap b -o custom-columns=N:.metadata.name,X:.data.x", says: /^N +X\nb +1$/ },
    { args: "get configmap b -o go-template={{.data.x}}", says: /^1$/ },
    { args: "get configmap b -o yaml", says: /^apiVersion: v1\ndata:\n {2}x: "1"\nkind: ConfigMap\nmetadata:$/m },
    { args: "get configmap -l a=b=c", says: "unable to parse requirement", code: 1 },
    { args: "get pods --field-selector=spec.foo=bar", says: "field label not supported: spec.foo", code: 1 },
    { args: "get pods", says: "No resources found in" },
  ],
  "changes objects": [
    { args: "apply -f -", input: web(1), says: "created" },
    { args: "label deployment web a=b", says: "deployment.apps/web labeled" },
    { args: "label deployment web a=c", says: "'a' already has a value (b), and --overwrite is false", code: 1 },
    { args: "label deployment web a-", says: /deployment\.apps\/web (un)?labeled/ },
    { args: "annotate deployment web note=x", says: "deployment.apps/web annotated" },
    { args: "scale deployment web --replicas=3 --current-replicas=1", says: "deployment.apps/web scaled" },
    {
      args: "scale deployment web --replicas=4 --current-replicas=1",
      says: "Expected replicas to be 1, was 3",
      code: 1,
    },
    { args: 'patch deployment web -p {"spec":{"minReadySeconds":1}}', says: "deployment.apps/web patched" },
    { args: 'patch deployment web -p {"spec":{"minReadySeconds":1}}', says: "deployment.apps/web patched (no change)" },
    { args: 'patch deployment web --type=merge -p {"spec":{"minReadySeconds":2}}', says: "patched" },
    {
      args: 'patch deployment web --type=json -p [{"op":"replace","path":"/spec/minReadySeconds","value":0}]',
      says: "patched",
    },
    // Go leaves out what is zero and `omitempty`.
    { args: "get deployment web -o jsonpath=[{.spec.minReadySeconds}]", says: /^\[\]$/ },
    {
      args: 'patch deployment web -p {"spec":{"replicas":"x"}}',
      says: "json: cannot unmarshal string into Go struct field",
      code: 1,
    },
    { args: 'patch deployment web -p {"spec":{"replicas":-1}}', says: "must be greater than or equal to 0", code: 1 },
    { args: "set image deployment/web web=localhost/host:2", says: "deployment.apps/web image updated" },
    { args: "set image deployment/web nope=x", says: 'unable to find container named "nope"', code: 1 },
    { args: "set env deployment/web A=b", says: "deployment.apps/web env updated" },
    {
      args: "set resources deployment/web --limits=memory=64Mi",
      says: "deployment.apps/web resource requirements updated",
    },
    { args: "set serviceaccount deployment/web default", says: "deployment.apps/web serviceaccount updated" },
    {
      args: 'patch service web -p {"spec":{"clusterIP":"10.96.200.1"}}',
      says: 'The Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.200.1"]: may not change once set',
      code: 1,
    },
    { args: 'patch service web -p {"spec":{"type":"NodePort"}}', says: "service/web patched" },
    { args: "rollout restart deployment/web", says: "deployment.apps/web restarted" },
    { args: "rollout pause deployment/web", says: "deployment.apps/web paused" },
    { args: "rollout pause deployment/web", says: "is already paused", code: 1 },
    { args: "rollout resume deployment/web", says: "deployment.apps/web resumed" },
    { args: "get deployment web -o jsonpath={.spec.paused}", says: /^$/ },
  ],
  "refuses what is wrong in upstream's words": [
    { args: "get pod nope", says: 'Error from server (NotFound): pods "nope" not found', code: 1 },
    {
      args: "delete deployment nope",
      says: 'Error from server (NotFound): deployments.apps "nope" not found',
      code: 1,
    },
    { args: "logs nope", says: /[Ee]rror from server \(NotFound\): pods "nope" not found/, code: 1 },
    { args: "exec nope -- true", says: 'Error from server (NotFound): pods "nope" not found', code: 1 },
    {
      args: "create --validate=false -f -",
      input: pod("bad name", { containers: [{ name: "a", image: "b" }] }),
      says: 'The Pod "bad name" is invalid: metadata.name: Invalid value: "bad name": a lowercase RFC 1123 subdomain must consist of',
      code: 1,
    },
    {
      args: "create --validate=false -f -",
      input: pod("x", { containers: [] }),
      says: 'The Pod "x" is invalid: spec.containers: Required value',
      code: 1,
    },
    {
      args: "create -f -",
      input: pod("x", { containerz: [] }),
      says: /strict decoding error: unknown field "spec\.containerz"|unknown field "containerz" in io\.k8s\.api\.core\.v1\.PodSpec/,
      code: 1,
    },
    {
      args: "create --validate=false -f -",
      input: manifest({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "x" },
        spec: { template: { metadata: { labels: { a: "b" } } } },
      }),
      says: 'The Deployment "x" is invalid: \n* spec.selector: Required value\n* spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`\n* spec.template.spec.containers: Required value',
      code: 1,
    },
    {
      args: "create -f -",
      input: manifest({ apiVersion: "v1", kind: "Foo", metadata: { name: "x" } }),
      says: /no matches for kind "Foo" in version "v1"/,
      code: 1,
    },
    { args: "delete namespace default", says: "this namespace may not be deleted", code: 1 },
    { args: "-n nowhere run x --image=y", says: 'namespaces "nowhere" not found', code: 1 },
  ],
};

/** Before protobuf bodies and WebSockets, with both, and of the release that is served. */
const WANTED_MINORS = [20, 32, 36];
const missing = WANTED_MINORS.filter((minor) => !kubectls.some((kubectl) => kubectl.minor === minor));

it.skip.each(missing)("kubectl 1.%i is not here: not tested with it (scripts/fetch-kubectl.sh fetches it)", () => {});

describe.each(kubectls.map((kubectl): [string, Kubectl] => [kubectl.version, kubectl]))("kubectl %s", (_, kubectl) => {
  let directory: string;
  let cluster: EmbeddedCluster;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "kelpie-commands-"));
    const editor = join(directory, "editor");
    writeFileSync(editor, "#!/bin/sh\nexec sed -i 's/^  replicas: .*/  replicas: 4/' \"$1\"\n", { mode: 0o700 });
    process.env["KUBE_EDITOR"] = editor;
    cluster = await startEmbeddedCluster();
  });
  afterAll(async () => {
    delete process.env["KUBE_EDITOR"];
    rmSync(directory, { recursive: true, force: true });
    await cluster.dispose();
  });

  const run = (namespace: string, args: string, input?: string): Promise<KubectlResult> => {
    const words = args.replaceAll("{namespace}", namespace).split(" ");
    return kubectl.run(cluster.kubeconfig, ["-n", namespace, ...words.map((word) => word.replaceAll("|", " "))], input);
  };

  it.each(Object.entries(SESSIONS))("%s", async (name, steps) => {
    const namespace = name.replaceAll(/[^a-z]+/g, "-");
    expect((await run("default", `create namespace ${namespace}`)).stdout).toContain("created");
    for (const { args, input, says, code = 0, since = 0 } of steps) {
      if (kubectl.minor < since) continue;
      const result = await run(namespace, args, input);
      const said = `${result.stdout}${result.stderr}`.trim();
      if (typeof says === "string") {
        expect(said, `kubectl ${args}`).toContain(says.replaceAll("{namespace}", namespace));
      } else expect(said, `kubectl ${args}`).toMatch(says);
      expect(result.code, `kubectl ${args}: ${said}`).toBe(code);
    }
  });
});
