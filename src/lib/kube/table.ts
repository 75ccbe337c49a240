import type { KubeObject } from "./object.ts";

/** `metav1.TableColumnDefinition`. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is shown always, more than 0 only with `-o wide`. */
  readonly priority: number;
}

/** `metav1.TableRow`; `object` is present unless `includeObject=None`. */
export interface TableRow {
  readonly cells: readonly unknown[];
  readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }>;
  readonly object?: KubeObject;
}
