import type { Cluster } from "../../cluster/cluster.ts";
import { KelpieError } from "../../lib/errors.ts";
import { asArray, asRecord, asString, at } from "../../lib/kube/object.ts";
import { accessRows, ruleRows } from "../../resources/rbac/access-matrix.ts";
import {
  effectiveRules,
  grantsOf,
  subjectsOf,
  whoCan,
  type RbacObjects,
  type Subject,
} from "../../resources/rbac/bindings.ts";
import { readRules } from "../../lib/kube/policy-rule.ts";
import { findResource } from "../../state/resource-names.ts";
import { stringParameter, targetParameter, targetPath } from "../view-parameters.ts";
import type { ViewDefinition, ViewHost } from "../view.ts";
import { loadedList, type LoadedRows } from "./loaded-list.ts";
import {
  accessRequest,
  granteeRow,
  GRANTEE_COLUMNS,
  MATRIX_COLUMNS,
  matrixRow,
  parseSubjects,
  requestText,
  subjectWord,
} from "./model.ts";

const GROUP = "rbac.authorization.k8s.io";

async function readRbac(cluster: Cluster): Promise<RbacObjects> {
  const { state, resources } = cluster.catalog.get();
  if (state === "ready" && !resources.some(({ group }) => group === GROUP)) {
    throw new KelpieError("the server has no roles and bindings: something else decides what is allowed");
  }
  const list = (resource: string): ReturnType<Cluster["list"]> =>
    cluster.list({ group: GROUP, version: "v1", resource }, {});
  const [roles, clusterRoles, roleBindings, clusterRoleBindings] = await Promise.all([
    list("roles"),
    list("clusterroles"),
    list("rolebindings"),
    list("clusterrolebindings"),
  ]);
  return { roles, clusterRoles, roleBindings, clusterRoleBindings };
}

/** What you, or others, may do in a namespace: resources by verbs. */
export const accessView: ViewDefinition = {
  id: "access",
  create(host, parameters) {
    const words = asArray(parameters["subjects"]).map((word) => asString(word));
    const namespace = stringParameter(parameters, "namespace");
    const subjects = parseSubjects(words);
    const who = words.length === 0 ? "you" : words.join(" ");
    const where = namespace === "" ? `${who}, anywhere` : `${who}, in ${namespace}`;
    const parts = { id: "access", what: "can", where, empty: "nothing is allowed" };
    return loadedList(host, parts, () =>
      subjects.length === 0 ? ownAccess(host, namespace) : accessOf(host, subjects, namespace),
    );
  },
};

async function ownAccess(host: ViewHost, namespace: string): Promise<LoadedRows> {
  const { cluster } = host;
  const place = namespace === "" ? cluster.context.namespace : namespace;
  const review = await cluster.access.rules(place);
  const rules = [...readRules(review.resourceRules), ...readRules(review.nonResourceRules)];
  return {
    columns: MATRIX_COLUMNS,
    rows: accessRows(rules, cluster.catalog.get().resources).map(matrixRow),
    notes: [...(review.incomplete ? ["incomplete"] : []), `the server's review of ${place}`],
  };
}

async function accessOf(host: ViewHost, subjects: readonly Subject[], namespace: string): Promise<LoadedRows> {
  const { cluster } = host;
  const grants = grantsOf(subjects, namespace, await readRbac(cluster));
  const rules = grants.map(({ rule }) => rule);
  return {
    columns: MATRIX_COLUMNS,
    rows: accessRows(rules, cluster.catalog.get().resources).map(matrixRow),
    notes: [
      // Groups come from the login; RBAC is not the only authorizer.
      ...(subjects.some(({ kind }) => kind === "User") ? ["other groups of the user unknown"] : []),
      "from roles and bindings",
    ],
  };
}

/** Who may do something, and by which binding and role. */
export const whoCanView: ViewDefinition = {
  id: "who-can",
  create(host, parameters) {
    const namespace = stringParameter(parameters, "namespace");
    const { cluster, kinds, app } = host;
    const wanted = accessRequest(
      stringParameter(parameters, "verb"),
      stringParameter(parameters, "resource"),
      stringParameter(parameters, "name"),
      (name) => findResource(name, cluster.catalog.get().resources, kinds),
    );
    const where = `${requestText(wanted)}${namespace === "" ? "" : ` in ${namespace}`}`;
    return loadedList(
      host,
      { id: "who-can", what: "who can", where, empty: "nobody, as far as RBAC says" },
      async () => {
        const found = whoCan(wanted, namespace, await readRbac(cluster));
        return {
          columns: GRANTEE_COLUMNS,
          rows: found.map(granteeRow),
          notes: ["from roles and bindings"],
          open: (key) => openAccess(app, key.slice(key.indexOf(" ") + 1), namespace),
        };
      },
    );
  },
};

function openAccess(app: ViewHost["app"], word: string, namespace: string): void {
  app.open({ view: "access", parameters: { subjects: [word], namespace }, title: `can ${word}` });
}

/** What a role allows, aggregated rules included. */
export const rulesView: ViewDefinition = {
  id: "rules",
  create(host, parameters) {
    const target = targetParameter(parameters);
    const parts = { id: "rules", what: "rules", where: targetPath(target), empty: "it allows nothing" };
    return loadedList(host, parts, async () => {
      const { resource, namespace, name } = target;
      const role = await host.cluster.get({ resource, namespace, name });
      const aggregated = at(role, "aggregationRule") !== undefined;
      const others = aggregated ? (await readRbac(host.cluster)).clusterRoles : [];
      return {
        columns: MATRIX_COLUMNS,
        rows: ruleRows(effectiveRules(role, others)).map(matrixRow),
        notes: aggregated ? ["aggregated"] : [],
      };
    });
  },
};

/** The role of a binding, and whom it is given to. */
export const bindingView: ViewDefinition = {
  id: "binding",
  create(host, parameters) {
    const target = targetParameter(parameters);
    const parts = { id: "binding", what: "binding", where: targetPath(target), empty: "it binds nobody" };
    return loadedList(host, parts, async () => {
      const { resource, namespace, name } = target;
      const binding = await host.cluster.get({ resource, namespace, name });
      const role = asRecord(binding["roleRef"]);
      const [kind, roleName] = [asString(role["kind"]), asString(role["name"])];
      const where = namespace === "" ? "everywhere" : namespace;
      return {
        columns: [
          { title: "NAME", keep: 10, minWidth: 12 },
          { title: "KIND", keep: 9 },
          { title: "WHERE", keep: 7 },
        ],
        rows: [
          { key: "role", cells: [{ text: roleName, tone: "accent" }, { text: kind }, { text: where }] },
          ...subjectsOf(binding).map((subject) => ({
            key: subjectWord(subject),
            cells: [
              { text: subject.namespace === "" ? subject.name : `${subject.namespace}/${subject.name}` },
              { text: subject.kind },
              { text: where },
            ],
          })),
        ],
        notes: [],
        open: (key) => {
          if (key !== "role") openAccess(host.app, key, namespace);
          else openRole(host, kind, namespace, roleName);
        },
      };
    });
  },
};

function openRole(host: ViewHost, kind: string, namespace: string, name: string): void {
  const plural = kind === "ClusterRole" ? "clusterroles" : "roles";
  const resource = findResource(`${plural}.${GROUP}`, host.cluster.catalog.get().resources, host.kinds);
  if (resource === undefined) {
    host.app.flash("warning", `the server does not list ${plural}`);
    return;
  }
  const place = kind === "ClusterRole" ? "" : namespace;
  const target = { resource, namespace: place, name, uid: undefined, object: { metadata: { name } } };
  host.app.open({ view: "rules", parameters: { target }, title: `rules ${name}` });
}
