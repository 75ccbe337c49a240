import type { TargetObject } from "../../hotkeys/action.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { defaultContainer, podContainers, type PodContainer } from "../../resources/pod-containers.ts";
import { podStatus } from "../../resources/pod-status.ts";
import type { AppServices } from "../context.ts";

/**
 * The running container to open a session in: the given one, the only one, or the one the user picks. Says why where
 * there is none. `undefined` also when the user cancels.
 */
export async function chooseContainer(
  services: Pick<AppServices, "app" | "clock">,
  target: TargetObject,
  wanted: string | undefined,
  title: string,
): Promise<PodContainer | undefined> {
  const pod: KubeObject = target.object;
  const all = podContainers(pod, services.clock.now());
  const running = all.filter((container) => container.running);
  if (wanted !== undefined) {
    const found = all.find((container) => container.name === wanted);
    if (found?.running === true) return found;
    const state = found === undefined ? "is not in the pod" : `does not run: ${found.state}`;
    services.app.flash("warning", `container ${wanted} of ${target.name} ${state}`);
    return undefined;
  }
  if (running.length === 0) {
    services.app.flash("warning", `no container of ${target.name} runs: it is ${podStatus(pod).status}`);
    return undefined;
  }
  if (running.length === 1) return running[0];
  const first = defaultContainer(pod);
  const items = running
    .map((container) => container.name)
    .sort((left, right) => Number(right === first) - Number(left === first));
  const picked = await services.app.pick({ title, items });
  return running.find((container) => container.name === picked);
}
