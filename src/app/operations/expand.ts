import type { Cluster } from "../../cluster/cluster.ts";
import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { asString, at } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Why one of the claims cannot grow; `undefined` where all can, or where only the server knows. */
async function rigidClaim(cluster: Cluster, claims: readonly TargetObject[]): Promise<string | undefined> {
  const classes = cluster.catalog.get().resources.find(({ resource }) => resource === "storageclasses");
  if (classes === undefined) return undefined;
  const names = new Set(claims.map((claim) => classOf(claim)).filter((name) => name !== ""));
  for (const name of names) {
    try {
      const found = await cluster.get({ resource: classes, namespace: "", name });
      if (found["allowVolumeExpansion"] === true) continue;
      const claim = claims.find((each) => classOf(each) === name);
      return `claim ${claim?.name ?? ""} cannot grow: its storage class ${name} does not allow it`;
    } catch {
      // Who may not read storage classes may still expand: the server will say.
    }
  }
  return undefined;
}

function classOf(claim: TargetObject): string {
  return asString(at(claim.object, "spec", "storageClassName"));
}

/** Asks more storage for claims; a claim never shrinks. */
export function createExpand(services: AppServices): Operations["expand"] {
  return async (claims) => {
    const cluster = services.cluster();
    const [first] = claims;
    if (cluster === undefined || first === undefined) return;
    const rigid = await rigidClaim(cluster, claims);
    if (rigid !== undefined) {
      services.app.flash("warning", rigid);
      return;
    }
    const asked = (claim: typeof first): string =>
      asString(at(claim.object, "spec", "resources", "requests", "storage"));
    const most = Math.max(...claims.map((claim) => parseQuantity(asked(claim)) ?? 0));
    const text = await services.app.input({
      title: `Expand ${nameTargets(claims)}`,
      lines: claims.map((claim) => `${pathOf(claim)}: ${asked(claim)} now`),
      label: "Storage",
      initial: asked(first),
      selectInitial: true,
      validate: (typed) => {
        const size = parseQuantity(typed.trim());
        if (size === undefined) return "a size such as 20Gi";
        return size > most ? undefined : "more than now: a claim cannot shrink";
      },
    });
    if (text === undefined) return;
    const storage = text.trim();
    await onEach(services, claims, `asked for ${storage}`, async (claim) => {
      await cluster.writes.patch(
        claim,
        "merge",
        { spec: { resources: { requests: { storage } } } },
        { verb: "expand" },
      );
    });
  };
}
