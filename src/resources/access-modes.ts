import { own } from "../lib/own.ts";
import { asArray, asString } from "../lib/kube/object.ts";

const SHORT: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** Access modes as kubectl shortens them: `RWO,ROX`. */
export function accessModes(value: unknown): string {
  return asArray(value)
    .map((mode) => own(SHORT, asString(mode)) ?? asString(mode))
    .join(",");
}
