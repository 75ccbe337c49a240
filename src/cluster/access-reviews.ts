import type { Clock } from "../lib/clock.ts";
import type { Gvr } from "../lib/kube/gvr.ts";
import { groupResource } from "../lib/kube/gvr.ts";
import { at } from "../lib/kube/object.ts";
import { readRules, ruleAllows } from "../lib/kube/policy-rule.ts";
import { createValue, type Subscribable, type Value } from "../lib/subscribable.ts";
import type { Access, RulesReview } from "./cluster.ts";
import type { HttpClient } from "./http-client.ts";

type Answer = "unknown" | "yes" | "no";

/** Answers are asked anew when they are older and somebody wants them. */
const FRESH_MILLISECONDS = 300_000;
/**
 * A server that could not be asked is left alone for so long. A refusal is no older either: a right that was just given
 * works at once, and an API server that just started refuses until it has read its roles.
 */
const REFUSED_MILLISECONDS = 30_000;

interface Held<T> {
  readonly answer: T;
  until: number;
}

/**
 * Asks what the user may do, each question once, and remembers the answers: first whether it is allowed everywhere, then
 * for all verbs of a namespace at once, and only where that is incomplete for the verb in the namespace.
 */
export class AccessReviews implements Access {
  readonly changed = createValue(0);
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Held<Value<Answer>>>();
  readonly #everywhere = new Map<string, Held<Promise<boolean>>>();
  readonly #reviews = new Map<string, Held<Promise<RulesReview>>>();

  constructor(client: HttpClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  allowed(verb: string, gvr: Gvr, namespace: string, subresource = ""): Subscribable<Answer> {
    const key = [verb, gvr.group, gvr.resource, namespace, subresource].join(" ");
    const now = this.#clock.now();
    const held = this.#answers.get(key) ?? { answer: createValue<Answer>("unknown"), until: 0 };
    if (now < held.until) return held.answer;
    held.until = now + FRESH_MILLISECONDS;
    this.#answers.set(key, held);
    void this.#decide(held, verb, gvr, namespace, subresource);
    return held.answer;
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

  async #decide(
    held: Held<Value<Answer>>,
    verb: string,
    gvr: Gvr,
    namespace: string,
    subresource: string,
  ): Promise<void> {
    let answer: Answer = "unknown";
    try {
      answer = (await this.#isAllowed(verb, gvr, namespace, subresource)) ? "yes" : "no";
    } catch {
      // A server that cannot be asked leaves it open; the action itself will tell.
    }
    if (answer !== "yes") held.until = this.#clock.now() + REFUSED_MILLISECONDS;
    if (held.answer.get() === answer) return;
    held.answer.set(answer);
    this.changed.update((count) => count + 1);
  }

  async #isAllowed(verb: string, gvr: Gvr, namespace: string, subresource: string): Promise<boolean> {
    const key = [verb, gvr.group, gvr.resource, subresource].join(" ");
    const everywhere = this.#once(this.#everywhere, key, () => this.#ask(verb, gvr, "", subresource));
    if ((await everywhere) || namespace === "") return everywhere;
    const review = await this.#once(this.#reviews, namespace, () => this.rules(namespace));
    const wanted = { verb, group: gvr.group, resource: gvr.resource, subresource, name: "" };
    const rules = readRules(review.resourceRules);
    if (rules.some((rule) => ruleAllows(rule, wanted))) return true;
    // A right to single names is none to all of them, and none to deny the others by.
    const partly = rules.some((rule) => rule.resourceNames.some((name) => ruleAllows(rule, { ...wanted, name })));
    return partly || (review.incomplete && (await this.#ask(verb, gvr, namespace, subresource)));
  }

  #once<T>(held: Map<string, Held<Promise<T>>>, key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.now();
    const known = held.get(key);
    if (known !== undefined && now < known.until) return known.answer;
    const answer = ask();
    // What a refusal is decided by may be no older than the refusal.
    held.set(key, { answer, until: now + REFUSED_MILLISECONDS });
    answer.catch(() => held.delete(key));
    return answer;
  }

  async #ask(verb: string, gvr: Gvr, namespace: string, subresource: string): Promise<boolean> {
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
    return at(review, "status", "allowed") === true;
  }
}
