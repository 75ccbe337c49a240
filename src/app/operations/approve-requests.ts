import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Approves certificate signing requests: their signers may issue certificates, with which somebody enters the cluster. */
export function createApprove(services: AppServices): Operations["approve"] {
  return decide(services, {
    type: "Approved",
    verb: "approve",
    done: "approved",
    effect: "whoever asked gets a certificate for the user named above",
  });
}

export function createDeny(services: AppServices): Operations["deny"] {
  return decide(services, {
    type: "Denied",
    verb: "deny",
    done: "denied",
    effect: "whoever asked gets no certificate; this cannot be taken back",
  });
}

interface Decision {
  readonly type: "Approved" | "Denied";
  readonly verb: "approve" | "deny";
  readonly done: string;
  readonly effect: string;
}

/** As `kubectl certificate approve` and `deny` do. */
function decide(services: AppServices, { type, verb, done, effect }: Decision): Operations["approve"] {
  return async (requests) => {
    const cluster = services.cluster();
    if (cluster === undefined || requests.length === 0) return;
    const title = type === "Approved" ? "Approve" : "Deny";
    const answer = await services.app.confirm({
      title: `${title} ${nameTargets(requests)}?`,
      lines: [...requests.map(requestText), "", effect],
      confirmLabel: title,
      danger: true,
    });
    if (answer === undefined) return;
    await onEach(services, requests, done, async (request) => {
      const now = new Date(services.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
      const condition = {
        type,
        status: "True",
        reason: `Kelpie${type}`,
        message: `This request was ${done} with kelpie`,
        lastUpdateTime: now,
      };
      const conditions = [...asRecords(at(request.object, "status", "conditions")), condition];
      // The list is replaced as a whole: the version says that nobody decided in between.
      const { resourceVersion } = request.object.metadata;
      const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
      const patch = { ...metadata, status: { conditions } };
      await cluster.writes.patch(request, "merge", patch, { verb, subresource: "approval" });
    });
  };
}

/** `csr-1: system:node:a asks kubernetes.io/kubelet-serving`. */
function requestText(request: TargetObject): string {
  const user = asString(at(request.object, "spec", "username"), "somebody");
  return `${pathOf(request)}: ${user} asks ${asString(at(request.object, "spec", "signerName"))}`;
}
