import { asArray, asRecords, asString } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
import { toned } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";

/** Verbs with a column of their own, in the order of a life. */
const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] as const;
const ALL = "*";

/** A Role or ClusterRole: which verbs on which resources, as a matrix. */
export function describeRole(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  writeIdentity(document, object);
  const rows = asRecords(object["rules"])
    .flatMap((rule) => ruleSubjects(rule).map((subject) => ({ subject, rule })))
    .sort((left, right) => (left.subject < right.subject ? -1 : left.subject > right.subject ? 1 : 0))
    .map(({ subject, rule }) => {
      const verbs = strings(rule["verbs"]);
      const others = verbs.filter((verb) => verb !== ALL && !VERBS.some((known) => known === verb));
      return [
        subject,
        strings(rule["resourceNames"]).join(", ") || "all",
        ...VERBS.map((verb) =>
          verbs.includes(ALL) || verbs.includes(verb) ? toned("yes", "ok") : toned("-", "muted"),
        ),
        verbs.includes(ALL) ? toned("every verb", "warning") : others.join(", "),
      ];
    });
  if (rows.length === 0) document.field(0, "PolicyRule", "<none>");
  else {
    document.heading(0, "PolicyRule");
    document.table(1, ["Resources", "Resource Names", ...VERBS, "Others"], rows);
  }
  writeEvents(document, input);
}

/** `deployments.apps`, `pods/log`, or the URLs of a rule without resources. */
function ruleSubjects(rule: Readonly<Record<string, unknown>>): readonly string[] {
  const resources = strings(rule["resources"]);
  const groups = strings(rule["apiGroups"]);
  const named = resources.flatMap((resource) =>
    (groups.length === 0 ? [""] : groups).map((group) => (group === "" ? resource : `${resource}.${group}`)),
  );
  return [...named, ...strings(rule["nonResourceURLs"])];
}

function strings(value: unknown): readonly string[] {
  return asArray(value).map((entry) => asString(entry));
}
