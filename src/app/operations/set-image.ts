import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import type { AppServices } from "../context.ts";
import { onEach, pathOf } from "./on-each.ts";

/** Containers of a pod, or of the template of a workload. */
function imagesOf(
  target: TargetObject,
): ReadonlyArray<{ readonly name: string; readonly image: string; readonly isInit: boolean }> {
  const spec =
    at(target.object, "spec", "template", "spec") ??
    at(target.object, "spec", "jobTemplate", "spec", "template", "spec") ??
    at(target.object, "spec");
  return ["containers", "initContainers"].flatMap((list) =>
    asRecords(at(spec, list)).map((container) => ({
      name: asString(container["name"]),
      image: asString(container["image"]),
      isInit: list === "initContainers",
    })),
  );
}

export function createSetImage(services: AppServices): Operations["setImage"] {
  return async (target) => {
    const cluster = services.cluster();
    if (cluster === undefined) return;
    const containers = imagesOf(target);
    const [only] = containers;
    if (only === undefined) {
      services.app.flash("warning", `${pathOf(target)} has no containers`);
      return;
    }
    const name =
      containers.length === 1
        ? only.name
        : await services.app.pick({
            title: `Set the image of which container of ${target.name}?`,
            items: containers.map((container) => container.name),
            details: containers.map(({ image, isInit }) => (isInit ? `${image}  (init)` : image)),
          });
    const container = containers.find((each) => each.name === name);
    if (container === undefined) return;
    const image = await services.app.input({
      title: `Set image of ${pathOf(target)}`,
      lines: [`container ${container.name}: ${container.image} now`],
      label: "Image",
      initial: container.image,
      validate: (text) => (/^\S+$/.test(text.trim()) ? undefined : "an image name without spaces"),
    });
    if (image === undefined || image.trim() === container.image) return;
    await onEach(services, [target], `set to ${image.trim()}`, (each) =>
      cluster.writes.setImage(each, container.name, image.trim()),
    );
  };
}
