import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseApiVersion, type ApiResource } from "../../src/lib/kube/gvr.ts";
import { at, type KubeObject } from "../../src/lib/kube/object.ts";
import { matchesLabels, parseLabelSelector } from "../../src/lib/kube/selector.ts";
import { parseYamlDocuments } from "../../src/lib/yaml.ts";
import { describeObject, relatedQueries } from "../../src/resources/describe/describe.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import { presumedResource } from "../../src/state/resource-names.ts";
import { Cleanup, temporaryDirectory, writeKubeconfig } from "../support/cluster-fixture.ts";
import { FAKE_RESOURCES } from "../support/fake-api-resources.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { findKubectls } from "../support/kubectl.ts";

const FIXTURE = "test/fixtures/describe/objects.yaml";
/** Older ones ask for versions of kinds that no server has any more, and tell less. */
const OLDEST_MINOR = 32;
const found = findKubectls();
const kubectls = found.filter(({ minor }) => minor >= OLDEST_MINOR);

/** What kubectl tells and kelpie tells otherwise, on purpose. */
const OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  // One address is the one that stands above it; several are values of `IPs`.
  Pod: ["IP", "ConfigMapOptional", "Volume"],
  // A cluster-scoped object has no namespace to leave empty.
  CustomResourceDefinition: ["Namespace"],
  // The lease is not there, which kelpie says in other words.
  Node: ["Lease"],
};

/** Kinds whose first lines kelpie gives in the order of all others. */
const OWN_ORDER = new Set(["Ingress", "StorageClass", "PriorityClass", "DaemonSet", "HorizontalPodAutoscaler", "Job"]);

/** Lines whose place differs between versions of kubectl: kelpie has them where the newest does. */
const MOVED = new Set(["Traffic Distribution"]);

/** Every resource there is, with those that the server serves anyway first. */
const resources: readonly ApiResource[] = kinds.map(presumedResource);

const objects: readonly KubeObject[] = parseYamlDocuments(readFileSync(FIXTURE, "utf8"), FIXTURE).map(
  (document): KubeObject => {
    const object: KubeObject = JSON.parse(JSON.stringify(document));
    return { ...object, metadata: { ...object.metadata, resourceVersion: "1" } };
  },
);

function resourceOf(object: KubeObject): ApiResource {
  const { group } = parseApiVersion(object.apiVersion ?? "");
  const found = resources.find((each) => each.kind === object.kind && each.group === group);
  if (found === undefined) throw new Error(`no kind file for ${object.kind}`);
  return found;
}

/** kelpie's description, with what is beside the object. */
function ours(object: KubeObject): string {
  const resource = resourceOf(object);
  const related = new Map(
    relatedQueries(resource, object).map(({ key, gvr, labelSelector = "", fieldSelector = "" }) => {
      const [, name] = /^metadata\.name=(.*)$/.exec(fieldSelector) ?? [];
      const found = objects.filter((each) => {
        const { group, resource: plural } = resourceOf(each);
        if (group !== gvr.group || plural !== gvr.resource) return false;
        if (name !== undefined && each.metadata.name !== name) return false;
        return matchesLabels(parseLabelSelector(labelSelector), each.metadata.labels);
      });
      return [key, found];
    }),
  );
  const events = objects.filter((each) => at(each, "involvedObject", "uid") === object.metadata.uid);
  const lines = describeObject(resource, { object, events, related, now: Date.now() });
  return lines.map((line) => line.text).join("\n");
}

/** The words before the colon of each line, with how deep they stand. */
function labels(text: string): ReadonlyArray<{ readonly label: string; readonly top: boolean }> {
  return text.split("\n").flatMap((line) => {
    const [, indent = "", label = ""] = /^(\s*)(?:- )?([A-Z][\w/ ()-]*?):(?:\s|$)/.exec(line) ?? [];
    return label === "" ? [] : [{ label, top: indent === "" }];
  });
}

if (kubectls.length === 0) {
  const why = found.length === 0 ? "is not installed" : `is older than 1.${OLDEST_MINOR}`;
  it.skip(`kubectl ${why}: descriptions are not compared with its own`, () => {});
}

describe.each(kubectls.map((kubectl) => [kubectl.version, kubectl] as const))("kubectl %s describe", (_, kubectl) => {
  const cleanup = new Cleanup();
  let kubeconfig = "";
  beforeAll(async () => {
    const served = new Set(FAKE_RESOURCES.map(({ group, resource }) => `${group}/${resource}`));
    const others = resources.filter(({ group, resource }) => !served.has(`${group}/${resource}`));
    const server = await startFakeApiServer({ pods: 0, nodes: 0, namespaces: 0, resources: others });
    cleanup.add(() => server.close());
    for (const object of objects) server.push(object);
    kubeconfig = await writeKubeconfig(cleanup, server.kubeconfig);
    await temporaryDirectory(cleanup);
  });
  afterAll(() => cleanup.run());

  /** kubectl's own description; kinds that it cannot describe without more than the object are left out. */
  async function theirs(object: KubeObject): Promise<string> {
    const { resource, group, namespaced } = resourceOf(object);
    const { name = "", namespace = "" } = object.metadata;
    const what = group === "" ? resource : `${resource}.${group}`;
    const args = ["describe", what, name, ...(namespaced ? ["-n", namespace] : [])];
    const { code, stdout, stderr } = await kubectl.run(kubeconfig, args);
    expect(`${code}${stderr}`, join("kubectl", ...args)).toBe("0");
    return stdout;
  }

  const compared = objects.filter(({ kind }) => kind !== "CertificateSigningRequest");

  it.each(compared.map((object) => [object.kind ?? "", object] as const))(
    "%s: kelpie tells all that kubectl tells",
    async (kind, object) => {
      const told = new Set(labels(ours(object)).map(({ label }) => label.toLowerCase()));
      const except = new Set((OTHERWISE[kind] ?? []).map((label) => label.toLowerCase()));
      const missing = labels(await theirs(object)).filter(
        ({ label }) => !told.has(label.toLowerCase()) && !except.has(label.toLowerCase()),
      );
      expect([...new Set(missing.map(({ label }) => label))]).toEqual([]);
    },
  );

  it.each(
    compared.filter(({ kind = "" }) => !OWN_ORDER.has(kind)).map((object) => [object.kind ?? "", object] as const),
  )("%s: in kubectl's order", async (_kind, object) => {
    const top = (text: string): readonly string[] => [
      ...new Set(labels(text).flatMap(({ label, top: isTop }) => (isTop && !MOVED.has(label) ? [label] : []))),
    ];
    const [mine, others] = [top(ours(object)), top(await theirs(object))];
    expect(mine.filter((label) => others.includes(label))).toEqual(others.filter((label) => mine.includes(label)));
  });
});
