import { asRecord, asRecords, asString, type KubeObject } from "../../lib/kube/object.ts";
import type { RelatedQuery } from "../related-query.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";

const TOKENS = "tokens";
const TOKEN_TYPE = "kubernetes.io/service-account-token";

/** The secrets of a ServiceAccount's namespace that hold tokens. */
export function accountTokens({ metadata: { namespace = "" } }: KubeObject): readonly RelatedQuery[] {
  const secrets = { group: "", version: "v1", resource: "secrets" } as const;
  return [{ key: TOKENS, gvr: secrets, namespace, fieldSelector: `type=${TOKEN_TYPE}` }];
}

/** As `ServiceAccountDescriber` of kubectl/pkg/describe/describe.go. */
export function describeServiceAccount(document: DescribeDocument, input: DescribeInput): void {
  const { object, related } = input;
  const names = (field: string): readonly string[] => asRecords(object[field]).map((one) => asString(one["name"]));
  writeIdentity(document, object);
  document.list(0, "Image pull secrets", names("imagePullSecrets"));
  document.list(0, "Mountable secrets", names("secrets"));
  const tokens = (related.get(TOKENS) ?? []).filter(
    (secret) =>
      secret["type"] === TOKEN_TYPE &&
      secret.metadata.annotations?.["kubernetes.io/service-account.name"] === object.metadata.name,
  );
  document.list(
    0,
    "Tokens",
    tokens.map((secret) => secret.metadata.name ?? ""),
  );
  writeEvents(document, input);
}

/** As `RoleBindingDescriber` and `ClusterRoleBindingDescriber`. */
export function describeBinding(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  const role = asRecord(object["roleRef"]);
  writeIdentity(document, object);
  document.heading(0, "Role");
  document.field(1, "Kind", asString(role["kind"]));
  document.field(1, "Name", asString(role["name"]));
  document.heading(0, "Subjects");
  const rows = asRecords(object["subjects"]).map((subject) =>
    ["kind", "name", "namespace"].map((field) => asString(subject[field])),
  );
  document.table(1, ["Kind", "Name", "Namespace"], rows);
  writeEvents(document, input);
}
