import { asString, at } from "../../src/lib/kube/object.ts";
import type { FakeApiContext } from "./fake-api-context.ts";
import type { RecordedRequest } from "./fake-api-request.ts";

/** Answers SelfSubjectAccessReviews from what `deny` was told, and SelfSubjectReviews. */
export function serveReview(
  context: FakeApiContext,
  request: RecordedRequest,
  answer: (code: number, body: string) => void,
): boolean {
  if (request.method !== "POST") return false;
  if (request.path === "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
    const review: unknown = JSON.parse(request.body);
    const attribute = (name: string): string => asString(at(review, "spec", "resourceAttributes", name));
    const subresource = attribute("subresource");
    const right = `${attribute("resource")}${subresource === "" ? "" : `/${subresource}`}`;
    const allowed = !context.denied(attribute("verb"), right, attribute("namespace"));
    answer(
      201,
      JSON.stringify({
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: {},
        spec: at(review, "spec"),
        status: { allowed },
      }),
    );
    return true;
  }
  if (request.path === "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews") {
    const resourceRules = [
      { verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "pods/log"] },
      { verbs: ["patch"], apiGroups: ["*"], resources: ["*/scale"] },
    ];
    const nonResourceRules = [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }];
    answer(
      201,
      JSON.stringify({
        kind: "SelfSubjectRulesReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: {},
        status: { resourceRules, nonResourceRules, incomplete: true },
      }),
    );
    return true;
  }
  if (request.path === "/apis/authentication.k8s.io/v1/selfsubjectreviews") {
    answer(
      201,
      JSON.stringify({
        kind: "SelfSubjectReview",
        apiVersion: "authentication.k8s.io/v1",
        metadata: {},
        status: { userInfo: { username: "fake-user", groups: ["system:authenticated"] } },
      }),
    );
    return true;
  }
  return false;
}
