import type { TargetObject } from "../../hotkeys/action.ts";
import type { KindDefinition } from "../../resources/kind.ts";
import { findResource } from "../../state/resource-names.ts";
import type { ViewHost } from "../view.ts";

/** Goes where Enter leads from an object. */
export function openDrillDown(host: ViewHost, kind: KindDefinition, target: TargetObject): void {
  const { app, cluster, kinds } = host;
  const way = kind.drillDown?.(target.object) ?? { to: "describe" };
  switch (way.to) {
    case "list": {
      const name = way.group === "" ? way.resource : `${way.resource}.${way.group}`;
      const resource = findResource(name, cluster.catalog.get().resources, kinds);
      if (resource === undefined) {
        app.flash("warning", `the server does not list ${name}`);
        return;
      }
      const { namespace, labelSelector, fieldSelector, ownerUid } = way;
      app.open({
        view: "resource-table",
        parameters: { resource, namespace, labelSelector, fieldSelector, ownerUid },
        title: `${target.name} ${resource.resource}`,
      });
      return;
    }
    case "containers":
      app.open({ view: "containers", parameters: { target }, title: target.name });
      return;
    case "logs":
      app.open({
        view: "logs",
        parameters: { targets: [target], container: way.container },
        title: `logs ${way.container}`,
      });
      return;
    case "namespace":
      app.useNamespace(way.namespace);
      app.command("pods");
      return;
    case "object": {
      const kind = way.group === "" ? way.resource : `${way.resource}.${way.group}`;
      app.goTo({ kind, namespace: way.namespace || undefined, name: way.name });
      return;
    }
    case "used-by":
      app.open({ view: "used-by", parameters: { target }, title: `used by ${target.name}` });
      return;
    case "access":
      app.open({
        view: "access",
        parameters: { subjects: [`s:${target.namespace}/${target.name}`], namespace: target.namespace },
        title: `can ${target.name}`,
      });
      return;
    case "rules":
    case "binding":
    case "relations":
    case "describe":
    case "data":
      app.open({ view: way.to, parameters: { target }, title: `${way.to} ${target.name}` });
  }
}
