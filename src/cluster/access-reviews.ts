import type { Clock } from "../lib/clock.ts";
import type { Gvr } from "../lib/kube/gvr.ts";
import { groupResource } from "../lib/kube/gvr.ts";
import { at } from "../lib/kube/object.ts";
import { createValue, type Subscribable, type Value } from "../lib/subscribable.ts";
import type { Access, RulesReview } from "./cluster.ts";
import type { HttpClient } from "./http-client.ts";

type Answer = "unknown" | "yes" | "no";

/** Answers are asked anew when they are older and somebody wants them. */
const FRESH_MILLISECONDS = 300_000;

/** Asks SelfSubjectAccessReviews, each question once, and remembers the answers. */
export class AccessReviews implements Access {
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly value: Value<Answer>; askedAt: number }>();

  constructor(client: HttpClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  allowed(verb: string, gvr: Gvr, namespace: string, subresource = ""): Subscribable<Answer> {
    const key = [verb, gvr.group, gvr.resource, namespace, subresource].join(" ");
    const now = this.#clock.now();
    const held = this.#answers.get(key);
    if (held !== undefined && now - held.askedAt < FRESH_MILLISECONDS) return held.value;
    const entry = held ?? { value: createValue<Answer>("unknown"), askedAt: now };
    entry.askedAt = now;
    this.#answers.set(key, entry);
    void this.#ask(entry, verb, gvr, namespace, subresource);
    return entry.value;
  }

  async rules(namespace: string): Promise<RulesReview> {
    const review = await this.#client.json({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      about: { verb: "review rules in", resource: "namespaces", namespace: "", name: namespace },
      body: { kind: "SelfSubjectRulesReview", apiVersion: "authorization.k8s.io/v1", spec: { namespace } },
    });
    return {
      resourceRules: at(review, "status", "resourceRules"),
      nonResourceRules: at(review, "status", "nonResourceRules"),
      incomplete: at(review, "status", "incomplete") === true,
    };
  }

  async #ask(
    entry: { readonly value: Value<Answer>; askedAt: number },
    verb: string,
    gvr: Gvr,
    namespace: string,
    subresource: string,
  ): Promise<void> {
    try {
      const review = await this.#client.json({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        about: { verb: "review access to", resource: groupResource(gvr), namespace },
        body: {
          kind: "SelfSubjectAccessReview",
          apiVersion: "authorization.k8s.io/v1",
          spec: {
            resourceAttributes: {
              verb,
              group: gvr.group,
              version: gvr.version,
              resource: gvr.resource,
              ...(namespace === "" ? {} : { namespace }),
              ...(subresource === "" ? {} : { subresource }),
            },
          },
        },
      });
      entry.value.set(at(review, "status", "allowed") === true ? "yes" : "no");
    } catch {
      // A server that cannot be asked leaves it open; the action itself will tell. The next caller asks again.
      entry.askedAt = Number.NEGATIVE_INFINITY;
      entry.value.set("unknown");
    }
  }
}
