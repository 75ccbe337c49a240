import type { Gvr } from "../lib/kube/gvr.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "../lib/tone.ts";
import type { Joined, JoinName } from "./joins/joins.ts";

export type { Tone };

/** What an action may need of a kind. A kind lists what it can, an action names what it needs. */
export type Capability =
  | "describe"
  | "yaml"
  | "edit"
  | "delete"
  | "logs"
  | "shell"
  | "attach"
  | "port-forward"
  | "scale"
  | "restart"
  | "set-image"
  | "use-namespace"
  | "cordon"
  | "used-by"
  | "decode"
  | "evict"
  | "node"
  | "pause"
  | "suspend"
  | "run-now"
  | "expand"
  | "approve"
  | "roll-back"
  | "rollout"
  | "debug"
  | "copy-files"
  | "node-shell";

/** What columns know beside the object itself. */
export interface RowContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** CPU in cores and memory in bytes by `namespace/name` (pods), `namespace/name/container` or node name. */
  usage(
    kind: "pod" | "container" | "node",
    path: string,
  ): { readonly cpu: number; readonly memory: number } | undefined;
  /** Whether a port of this pod (`namespace/name`) is forwarded. */
  isForwarded?(pod: string): boolean;
  /** The digit that shows this namespace, where it is one of the favourites. */
  favourite?(namespace: string): number | undefined;
  /** What another list says of a row (`namespace/name`, or `name`); only for a column that needs it. */
  joined?<Name extends JoinName>(name: Name, path: string): JoinAnswer<Joined[Name]>;
}

/** `absent`: the list is not served or may not be read. */
export type JoinAnswer<Value> =
  | { readonly state: "known"; readonly value: Value }
  | { readonly state: "loading" | "absent" };

type ColumnNeed = "metrics" | "port-forwards" | "favourites" | JoinName;

export interface Column {
  /** Stable, lower case with dashes: what sort settings remember. */
  readonly id: string;
  /** Upper case, as kubectl prints it. */
  readonly title: string;
  readonly align?: "left" | "right";
  /** Shown only in wide mode. */
  readonly wide?: boolean;
  /** Shown only where there is a metrics API, some port is forwarded or some namespace a favourite; or a list to join. */
  readonly needs?: ColumnNeed;
  /** The text changes as time goes by, without a new object version: an age. */
  readonly clock?: boolean;
  /** Narrowest useful width; on small terminals columns with a lower `keep` go first (default 5, name is 10). */
  readonly minWidth?: number;
  readonly keep?: number;
  /** Width without the remark in parentheses at the end of its texts, which goes before columns kept as long. */
  readonly briefWidth?: number;
  /** One line, not sanitised, not padded. */
  text(object: KubeObject, context: RowContext): string;
  /** What sorting compares; the text where absent. Numbers before texts. */
  sortKey?(object: KubeObject, context: RowContext): number | string;
  tone?(object: KubeObject, context: RowContext): Tone | undefined;
}

/** Where Enter goes. */
export type DrillDown =
  | {
      readonly to: "list";
      readonly resource: string;
      readonly group: string;
      readonly namespace: string;
      readonly labelSelector?: string;
      readonly fieldSelector?: string;
      /** Only objects controlled by this uid. */
      readonly ownerUid?: string;
    }
  | { readonly to: "containers" }
  | { readonly to: "logs"; readonly container: string }
  | { readonly to: "namespace"; readonly namespace: string }
  | {
      readonly to: "object";
      readonly resource: string;
      readonly group: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly to: "describe" }
  /** The tree of what it owns, selects and names; or of what uses it. */
  | { readonly to: "relations" | "used-by" }
  | { readonly to: "data" }
  /** What a role allows; whom a binding binds to what; what a service account may do. */
  | { readonly to: "rules" | "binding" | "access" };

/** Everything kelpie knows of one kind: one file in `kinds/`. */
export interface KindDefinition {
  readonly gvr: Gvr;
  readonly kind: string;
  /** More names for the prompt, beside plural, singular and short names of discovery. */
  readonly aliases: readonly string[];
  readonly namespaced: boolean;
  readonly can: readonly Capability[];
  /** NAMESPACE is added by the table where it is needed, never listed here. */
  readonly columns: readonly Column[];
  /**
   * What follows the metadata in the YAML of a new object, with comments for whoever fills it in. `NAME` stands for its
   * name. `spec: {}` where absent.
   */
  readonly template?: string;
  /** How a table is sorted until the user says otherwise; by namespace and name where absent. */
  readonly defaultSort?: { readonly column: string; readonly descending: boolean };
  /** Health of a row: its colour. */
  tone?(object: KubeObject, context: RowContext): Tone;
  drillDown?(object: KubeObject): DrillDown | undefined;
  /** The pods behind an object, for logs of all of them: a label selector in the object's namespace. */
  podSelector?(object: KubeObject): string | undefined;
}

export function defineKind(definition: KindDefinition): KindDefinition {
  return definition;
}
