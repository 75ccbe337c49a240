import type { Operations } from "../../hotkeys/action.ts";
import { asString, at } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Asks more storage for claims; a claim never shrinks. */
export function createExpand(services: AppServices): Operations["expand"] {
  return async (claims) => {
    const cluster = services.cluster();
    const [first] = claims;
    if (cluster === undefined || first === undefined) return;
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
