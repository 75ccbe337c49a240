/**
 * Calls `create` `count` times in batches of 1, 2, 4, … at a time and stops after the first batch with an error, so that
 * a quota or a bad template costs one failed request and not hundreds (pkg/controller slowStartBatch).
 * @returns how many succeeded, and the first error
 */
export async function slowStartBatch(
  count: number,
  create: () => Promise<void>,
): Promise<{ readonly done: number; readonly error: unknown }> {
  let done = 0;
  for (let batch = Math.min(1, count); batch > 0; batch = Math.min(batch * 2, count - done)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, create));
    const failed = results.find((result) => result.status === "rejected");
    done += results.filter((result) => result.status === "fulfilled").length;
    if (failed !== undefined) return { done, error: failed.reason };
  }
  return { done, error: undefined };
}
