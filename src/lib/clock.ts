/** Stops a timer; calling it again does nothing. */
export type Cancel = () => void;

/**
 * The only source of time and timers. Production code takes a `Clock` (default {@link systemClock}), so that tests
 * drive time by hand with a fake one instead of sleeping.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `callback` once after `milliseconds`. `background` timers do not keep the process alive. */
  after(milliseconds: number, callback: () => void, options?: { readonly background?: boolean }): Cancel;
  /** Runs `callback` every `milliseconds`. */
  every(milliseconds: number, callback: () => void, options?: { readonly background?: boolean }): Cancel;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback, options) {
    const timer = setTimeout(callback, milliseconds);
    if (options?.background === true) timer.unref();
    return () => clearTimeout(timer);
  },
  every(milliseconds, callback, options) {
    const timer = setInterval(callback, milliseconds);
    if (options?.background === true) timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `milliseconds`; rejects with the signal's reason when it aborts first. */
export function delay(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(abortReason(signal));
    };
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Runs `callback` after the current input and output has been handled (`setImmediate`). */
export function nextTurn(callback: () => void): Cancel {
  const handle = setImmediate(callback);
  return () => clearImmediate(handle);
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("aborted");
}
