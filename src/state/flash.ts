import type { Cancel, Clock } from "../lib/clock.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { sanitize } from "../lib/text.ts";

export type FlashTone = "info" | "warning" | "error";

export interface FlashMessage {
  readonly tone: FlashTone;
  readonly text: string;
}

const MILLISECONDS: Readonly<Record<FlashTone, number>> = { info: 5000, warning: 8000, error: 15_000 };

/** The one line at the bottom that says what happened. The newest message wins; it fades by itself. */
export class Flash {
  readonly #message = createValue<FlashMessage | undefined>(undefined);
  readonly #clock: Clock;
  #fade: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get message(): Subscribable<FlashMessage | undefined> {
    return this.#message;
  }

  show(tone: FlashTone, text: string): void {
    this.#fade?.();
    this.#message.set({ tone, text: sanitize(text.replaceAll(/\s*\n\s*/g, " ")) });
    this.#fade = this.#clock.after(MILLISECONDS[tone], () => this.#message.set(undefined), { background: true });
  }

  clear(): void {
    this.#fade?.();
    this.#message.set(undefined);
  }
}
