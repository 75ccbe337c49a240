/** `metav1.TableColumnDefinition`. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is shown always, more than 0 only with `-o wide`. */
  readonly priority: number;
}
