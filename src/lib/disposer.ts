/** Collects what must be undone and undoes it once, last first. A step added after `dispose` is undone at once. */
export class Disposer {
  #steps: Array<() => void> = [];
  #disposed = false;

  get disposed(): boolean {
    return this.#disposed;
  }

  add(step: () => void): void {
    if (this.#disposed) step();
    else this.#steps.push(step);
  }

  /** Undoes everything. An error in one step does not keep the others from running; the first is rethrown at the end. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const errors: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        step();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#steps = [];
    if (errors.length > 0) throw errors[0];
  }
}
