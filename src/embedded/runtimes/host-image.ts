import { RuntimeError } from "./runtime-error.ts";
import type { ImageInfo } from "./runtime.ts";

/** The image that needs no pull: this machine's system, read-only. */
export const HOST_IMAGE = "localhost/host";

const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What is known of an image. `nodeDirectory` goes last on its search path, so that `node` is found on every machine.
 *
 * @throws RuntimeError `ErrImagePull`, `InvalidImageName`
 */
export function resolveImage(reference: string, nodeDirectory: string): ImageInfo {
  if (!/^[\w.:/@+-]+$/.test(reference)) {
    throw new RuntimeError("InvalidImageName", `couldn't parse image name "${reference}": invalid reference format`);
  }
  const name = reference.replace(/(?<=\/host):(?:latest)?$/, "").replace(/:latest$/, "");
  if (name !== HOST_IMAGE) {
    throw new RuntimeError(
      "ErrImagePull",
      `failed to pull image "${reference}": this version of kelpie does not pull from registries`,
      { hint: `Use the image ${HOST_IMAGE}: it is this machine's system, read-only, with everything installed here` },
    );
  }
  return {
    id: HOST_IMAGE,
    entrypoint: [],
    command: ["/bin/sh"],
    env: [["PATH", `${SEARCH_PATH}:${nodeDirectory}`]],
    workingDir: "/",
    user: "",
  };
}
