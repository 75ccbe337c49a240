import { expect, test } from "vitest";
import { describeObject } from "../../../src/resources/describe/describe.ts";

test("a role is described as a matrix of resources and verbs", () => {
  const object = {
    metadata: { name: "deployer", namespace: "default" },
    rules: [
      { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "patch"] },
      { apiGroups: [""], resources: ["pods", "pods/exec"], resourceNames: ["web"], verbs: ["*"] },
      { nonResourceURLs: ["/metrics"], verbs: ["get", "post"] },
    ],
  };
  const resource = { group: "rbac.authorization.k8s.io", resource: "roles" };
  const lines = describeObject(resource, { object, events: [], related: new Map(), now: 0 }).map(({ text }) =>
    text.trim().split(/ {2,}/),
  );
  expect(lines).toContainEqual(["/metrics", "all", "yes", "-", "-", "-", "-", "-", "-", "-", "post"]);
  expect(lines).toContainEqual(["deployments.apps", "all", "yes", "-", "-", "-", "-", "yes", "-", "-"]);
  expect(lines).toContainEqual(["pods/exec", "web", ...Array.from({ length: 8 }, () => "yes"), "every verb"]);
});
