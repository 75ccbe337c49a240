import { errorMessage } from "../../../lib/errors.ts";
import { releaseKey, type StoredRelease } from "../../../resources/helm/stored-release.ts";
import type { AppServices } from "../../context.ts";
import { hintOf } from "../shell.ts";
import type { Progress } from "./release-plan.ts";

/** Between two words of progress. */
const TELL_MILLISECONDS = 250;

/**
 * Runs one operation on a release at a time: comparing hundreds of objects takes a while, and a second key press must not
 * begin it again. What fails is told.
 * @param failed what to say where it fails: `not rolled back`
 * @param work gets what tells how far it is: `progress("written")`
 */
export async function oneAtATime(
  services: AppServices,
  atWork: Set<string>,
  release: StoredRelease,
  failed: string,
  work: (progress: (what: string) => Progress) => Promise<void>,
): Promise<void> {
  const key = releaseKey(release);
  if (atWork.has(key)) {
    services.app.flash("info", `release ${release.name} is at work already`);
    return;
  }
  atWork.add(key);
  let told = 0;
  const progress = (what: string): Progress => {
    return (done, of) => {
      const now = services.clock.now();
      if (done < of && now - told < TELL_MILLISECONDS) return;
      told = now;
      services.app.flash("info", `release ${release.name}: ${done} of ${of} objects ${what}`);
    };
  };
  try {
    await work(progress);
  } catch (error) {
    services.app.flash("error", `release ${release.name} was ${failed}: ${errorMessage(error)}${hintOf(error)}`);
  } finally {
    atWork.delete(key);
  }
}
