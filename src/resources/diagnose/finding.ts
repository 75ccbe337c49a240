import type { KubeObject } from "../../lib/kube/object.ts";
import type { Tone } from "../kind.ts";

/** One thing that is wrong, or explains why nothing is. */
export interface Finding {
  readonly tone: Tone;
  /** What is the case, in words, with the server's or the runtime's own where there are some. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** The facts a diagnosis is made of. */
export interface DiagnosisInput {
  readonly object: KubeObject;
  /** Events of the object and of what it owns, in any order. */
  readonly events: readonly KubeObject[];
  /** Answers of the queries of this kind, by their key. Missing: not asked yet or not allowed. */
  readonly related: ReadonlyMap<string, readonly KubeObject[]>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Keys of related lists that only diagnoses look at. */
export const NODES = "nodes";
export const SERVICES = "services";
export const STORAGE_CLASSES = "storageclasses";

/** A finding without advice where there is none to give. */
export function finding(tone: Tone, text: string, advice?: string): Finding {
  return advice === undefined ? { tone, text } : { tone, text, advice };
}
