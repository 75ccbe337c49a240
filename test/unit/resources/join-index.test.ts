import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { JoinIndex } from "../../../src/resources/joins/join-index.ts";
import { joins } from "../../../src/resources/joins/joins.ts";

function podOn(node: string, cpu: string, phase = "Running"): KubeObject {
  const containers = [{ name: "main", resources: { requests: { cpu } } }];
  return { metadata: { name: "p", namespace: "default" }, spec: { nodeName: node, containers }, status: { phase } };
}

const row = (object: KubeObject): { readonly object: KubeObject } => ({ object });

test("an index that follows changes tells what one made anew tells, and names the rows that changed", () => {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * below);
  };
  const nodes = ["a", "b", "c", ""];
  const rows = new Map<string, { readonly object: KubeObject }>();
  const index = new JoinIndex(joins["node-pods"]);
  for (let round = 0; round < 300; round += 1) {
    const before = nodes.map((node) => JSON.stringify(index.valueOf(node)));
    const key = `pod-${random(12)}`;
    const removed = random(3) === 0;
    if (removed) rows.delete(key);
    else rows.set(key, row(podOn(nodes[random(4)] ?? "", `${random(4)}`, random(5) === 0 ? "Succeeded" : "Running")));
    const touched = index.apply(rows, {
      changed: removed ? [] : [key],
      removed: removed ? [key] : [],
    });
    const anew = new JoinIndex(joins["node-pods"]);
    anew.apply(rows, { changed: rows.keys(), removed: [] });
    for (const [at, node] of nodes.entries()) {
      expect(index.valueOf(node)).toEqual(anew.valueOf(node));
      if (JSON.stringify(index.valueOf(node)) !== before[at]) expect(touched).toContain(node);
    }
  }
});

test("the claim of an ephemeral volume is that of its pod", () => {
  const index = new JoinIndex(joins["claim-pods"]);
  const volumes = [
    { name: "scratch", ephemeral: { volumeClaimTemplate: {} } },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
    { name: "again", persistentVolumeClaim: { claimName: "data" } },
  ];
  const pod: KubeObject = { metadata: { name: "db-0", namespace: "shop" }, spec: { volumes } };
  index.apply(new Map([["one", row(pod)]]), { changed: ["one"], removed: [] });
  expect(index.valueOf("shop/db-0-scratch")).toEqual(["db-0"]);
  expect(index.valueOf("shop/data")).toEqual(["db-0"]);
  expect(index.valueOf("shop/other")).toEqual([]);
});
