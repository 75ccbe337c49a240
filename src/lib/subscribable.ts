/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/**
 * A value that changes and tells its subscribers so: the shape `useSyncExternalStore` wants. The core knows no React;
 * stores are Subscribables and `ui/use-store.ts` is the one bridge.
 */
export interface Subscribable<T> {
  /** The current value. The same object until it changes. */
  get(): T;
  /** Calls `listener` after every change, never during `subscribe`. */
  subscribe(listener: () => void): Unsubscribe;
}

/** Hooks of {@link createValue}. */
export interface ValueOptions {
  /** The first subscriber came. */
  readonly onFirst?: () => void;
  /** The last subscriber left. */
  readonly onLast?: () => void;
}

/** A {@link Subscribable} whose owner may set it. */
export interface Value<T> extends Subscribable<T> {
  /** Sets the value and, when it is another one (`Object.is`), tells every subscriber. */
  set(next: T): void;
  update(change: (current: T) => T): void;
  readonly subscriberCount: number;
}

export function createValue<T>(initial: T, options: ValueOptions = {}): Value<T> {
  let current = initial;
  const listeners = new Set<{ readonly call: () => void }>();
  const value: Value<T> = {
    get: () => current,
    set(next) {
      if (Object.is(next, current)) return;
      current = next;
      // A copy: a listener may subscribe others, which must not hear of this change.
      for (const listener of Array.from(listeners)) listener.call();
    },
    update(change) {
      value.set(change(current));
    },
    subscribe(listener) {
      const entry = { call: listener };
      listeners.add(entry);
      if (listeners.size === 1) options.onFirst?.();
      return () => {
        if (listeners.delete(entry) && listeners.size === 0) options.onLast?.();
      };
    },
    get subscriberCount() {
      return listeners.size;
    },
  };
  return value;
}
