/** Hears of a copy while it goes on. */
export interface CopyReporter {
  /** A file begins. @param size its bytes */
  file(name: string, size: number): void;
  bytes(count: number): void;
  /** It is left out. */
  skip(name: string, why: string): void;
  /** The copy ends before its end, and this is left of it. */
  left(what: string): void;
}
