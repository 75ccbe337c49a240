import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { diagnosisFindings, diagnosisQueries } from "../../../src/resources/diagnose/diagnose.ts";
import { NOW, secondsAgo } from "./pod-builder.ts";

type Fields = Readonly<Record<string, unknown>>;
const GATEWAY = "gateway.networking.k8s.io";

function object(fields: Fields, metadata: Fields = {}): KubeObject {
  return { metadata: { name: "one", namespace: "shop", uid: "uid-one", ...metadata }, ...fields };
}

const condition = (type: string, status: string, reason: string, message: string): Fields => ({
  type,
  status,
  reason,
  message,
});

/** A kind, an object of it, the lists beside it, and the first line of its diagnosis. */
const CASES: ReadonlyArray<
  readonly [
    fault: string,
    resource: readonly [group: string, resource: string],
    object: KubeObject,
    related: Readonly<Record<string, readonly KubeObject[]>>,
    cause: RegExp | undefined,
  ]
> = [
  [
    "an autoscaler without metrics",
    ["autoscaling", "horizontalpodautoscalers"],
    object({
      status: {
        conditions: [
          condition("ScalingActive", "False", "FailedGetResourceMetric", "unable to get metrics for resource cpu"),
        ],
      },
    }),
    {},
    /it does not scale: FailedGetResourceMetric: unable to get metrics/,
  ],
  [
    "an autoscaler of something switched off",
    ["autoscaling", "horizontalpodautoscalers"],
    object({ status: { conditions: [condition("ScalingActive", "False", "ScalingDisabled", "")] } }),
    {},
    /its target has 0 replicas/,
  ],
  [
    "an autoscaler at its maximum",
    ["autoscaling", "horizontalpodautoscalers"],
    object({
      spec: { maxReplicas: 3 },
      status: { conditions: [condition("ScalingLimited", "True", "TooManyReplicas", "")] },
    }),
    {},
    /more than its maximum of 3 replicas/,
  ],
  [
    "a disruption budget that lets nobody go",
    ["policy", "poddisruptionbudgets"],
    object({ status: { expectedPods: 2, currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0 } }),
    {},
    /no pod may be evicted now: 2 are healthy, 2 must be/,
  ],
  [
    "a disruption budget of nothing",
    ["policy", "poddisruptionbudgets"],
    object({ status: { expectedPods: 0 } }),
    {},
    /it selects no pods/,
  ],
  [
    "a quota that is used up",
    ["", "resourcequotas"],
    object({ status: { hard: { pods: "3", "requests.cpu": "2" }, used: { pods: "3", "requests.cpu": "500m" } } }),
    {},
    /^pods is used up: 3 of 3/,
  ],
  [
    "a namespace held by finalizers of its content",
    ["", "namespaces"],
    object(
      {
        status: {
          phase: "Terminating",
          conditions: [
            condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", "widgets has 1 resource instances"),
            condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "example.com/x in 1 instances"),
          ],
        },
      },
      { deletionTimestamp: secondsAgo(60) },
    ),
    {},
    /it is being deleted and not gone: example\.com\/x in 1 instances/,
  ],
  ["a namespace that is used", ["", "namespaces"], object({ status: { phase: "Active" } }), {}, undefined],
  [
    "a cron job whose schedule cannot be read",
    ["batch", "cronjobs"],
    object({ spec: { schedule: "every day" } }),
    {},
    /its schedule cannot be read: a schedule has 5 fields, not 2/,
  ],
  [
    "a suspended cron job",
    ["batch", "cronjobs"],
    object({ spec: { schedule: "* * * * *", suspend: true } }),
    {},
    /suspended/,
  ],
  [
    "a cron job that waits for its job",
    ["batch", "cronjobs"],
    object({ spec: { schedule: "* * * * *", concurrencyPolicy: "Forbid" }, status: { active: [{ name: "one-1" }] } }),
    {},
    /starts no other job while one-1 runs/,
  ],
  [
    "a failed job whose pods are gone",
    ["batch", "jobs"],
    object({ status: { conditions: [condition("Failed", "True", "BackoffLimitExceeded", "has reached the limit")] } }),
    { pods: [] },
    /Failed is True: BackoffLimitExceeded: has reached the limit/,
  ],
  [
    "a request that nobody has approved",
    ["certificates.k8s.io", "certificatesigningrequests"],
    object({ spec: { signerName: "s" } }),
    {},
    /nobody has approved it/,
  ],
  [
    "a request that its signer forgot",
    ["certificates.k8s.io", "certificatesigningrequests"],
    object({ spec: { signerName: "s" }, status: { conditions: [condition("Approved", "True", "", "")] } }),
    {},
    /the signer s has not issued/,
  ],
  [
    "a volume that keeps the data of nobody",
    ["", "persistentvolumes"],
    object({ spec: { claimRef: { namespace: "shop", name: "data" } }, status: { phase: "Released" } }),
    {},
    /its claim shop\/data is gone/,
  ],
  [
    "a webhook that nobody answers",
    ["admissionregistration.k8s.io", "validatingwebhookconfigurations"],
    object({
      webhooks: [{ name: "check.example.com", clientConfig: { service: { namespace: "sys", name: "hook" } } }],
    }),
    { "services in sys": [{ metadata: { name: "hook" } }], "slices in sys": [] },
    /check\.example\.com calls the service sys\/hook, which has no ready endpoint: every write it matches is refused/,
  ],
  [
    "a webhook whose service is gone, and that may fail",
    ["admissionregistration.k8s.io", "mutatingwebhookconfigurations"],
    object({
      webhooks: [{ name: "h", failurePolicy: "Ignore", clientConfig: { service: { namespace: "sys", name: "hook" } } }],
    }),
    { "services in sys": [], "slices in sys": [] },
    /does not exist: it is skipped/,
  ],
  [
    "a route that nobody looked at",
    [GATEWAY, "httproutes"],
    object({ spec: { parentRefs: [{ name: "edge" }] } }),
    {},
    /no gateway controller has looked at it \(its parents: edge\)/,
  ],
  [
    "a route to a service that is not there",
    [GATEWAY, "httproutes"],
    object({ spec: { parentRefs: [{ name: "edge" }], rules: [{ backendRefs: [{ name: "gone" }] }] } }),
    { services: [] },
    /its backend, the service gone, does not exist/,
  ],
  [
    "a route that its gateway refuses",
    [GATEWAY, "grpcroutes"],
    object({
      spec: { parentRefs: [{ name: "edge" }] },
      status: {
        parents: [
          {
            parentRef: { name: "edge" },
            conditions: [condition("Accepted", "False", "NoMatchingParent", "no listener")],
          },
        ],
      },
    }),
    {},
    /at edge: Accepted is False: NoMatchingParent: no listener/,
  ],
  [
    "a gateway with a sick listener",
    [GATEWAY, "gateways"],
    object({
      status: {
        conditions: [condition("Programmed", "True", "", "")],
        listeners: [
          { name: "https", conditions: [condition("ResolvedRefs", "False", "InvalidCertificateRef", "no secret")] },
        ],
      },
    }),
    {},
    /its listener https: ResolvedRefs is False: InvalidCertificateRef: no secret/,
  ],
  [
    "a gateway without a controller",
    [GATEWAY, "gateways"],
    object({ spec: { gatewayClassName: "nginx" } }),
    {},
    /no controller has looked at it: none answers for the class nginx/,
  ],
];

test.for(CASES)("the first line names the cause of %s", ([, [group, resource], one, related, cause]) => {
  const input = { object: one, events: [], related: new Map(Object.entries(related)), now: NOW };
  const [first] = diagnosisFindings({ group, resource }, input);
  if (cause === undefined) expect(first).toBeUndefined();
  else expect(first?.text).toMatch(cause);
});

test("a gated pod is told to be gated, whatever its conditions say", () => {
  const gated = object({ spec: { schedulingGates: [{ name: "example.com/wait" }] }, status: { phase: "Pending" } });
  const input = { object: gated, events: [], related: new Map(), now: NOW };
  const [first] = diagnosisFindings({ group: "", resource: "pods" }, input);
  expect(first?.text).toBe("it is not offered to the scheduler: the gates example.com/wait are closed");
});

test("what a webhook calls is looked for where it is", () => {
  const service = { namespace: "sys", name: "hook" };
  const hooks = object({ webhooks: [{ clientConfig: { service } }, { clientConfig: { service } }] });
  const about = { group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations" };
  expect(diagnosisQueries(about, hooks).map(({ gvr, namespace }) => `${gvr.resource} ${namespace}`)).toEqual([
    "services sys",
    "endpointslices sys",
  ]);
});
