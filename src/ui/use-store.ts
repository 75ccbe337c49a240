import { useCallback, useRef, useSyncExternalStore } from "react";
import type { Subscribable } from "../lib/subscribable.ts";

/**
 * The one bridge between stores and React: draws again when the selected part of a store becomes another one.
 * Without `select` the whole value is taken. `equal` decides what "another one" is (default `Object.is`).
 */
export function useStore<T>(store: Subscribable<T>): T;
export function useStore<T, S>(
  store: Subscribable<T>,
  select: (value: T) => S,
  equal?: (left: S, right: S) => boolean,
): S;
export function useStore<T, S>(
  store: Subscribable<T>,
  select?: (value: T) => S,
  equal: (left: T | S, right: T | S) => boolean = Object.is,
): T | S {
  const last = useRef<{ readonly value: T | S } | undefined>(undefined);
  const subscribe = useCallback((listener: () => void) => store.subscribe(listener), [store]);
  const read = (): T | S => {
    const value = store.get();
    const selected = select === undefined ? value : select(value);
    if (last.current !== undefined && equal(last.current.value, selected)) return last.current.value;
    last.current = { value: selected };
    return selected;
  };
  return useSyncExternalStore(subscribe, read, read);
}
