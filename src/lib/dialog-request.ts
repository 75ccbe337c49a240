import type { Tone } from "./tone.ts";

/** A question with two answers. */
export interface ConfirmRequest {
  readonly title: string;
  /** What exactly is touched, a line each. */
  readonly lines: readonly string[];
  /** Colours of `lines`, by index: those of a difference. */
  readonly lineTones?: ReadonlyArray<Tone | undefined>;
  readonly confirmLabel: string;
  readonly danger: boolean;
  /** A text the user must type, where the protection level asks for it. */
  readonly typeToConfirm?: string;
  /** Choices under the list; the first option of each is the default. */
  readonly choices?: ReadonlyArray<{
    readonly id: string;
    readonly label: string;
    readonly options: readonly string[];
  }>;
}

/** Asks for a line of text. */
export interface InputRequest {
  readonly title: string;
  readonly lines: readonly string[];
  readonly label: string;
  readonly initial: string;
  /** The initial text stands selected: the first character typed replaces it. */
  readonly selectInitial?: boolean;
  /** A message where the text cannot be taken. */
  validate(text: string): string | undefined;
}

/** Asks for one of several; typing narrows them down. */
export interface PickRequest {
  readonly title: string;
  readonly items: readonly string[];
  /** A few words beside an item, by its index. */
  readonly details?: readonly string[];
}
