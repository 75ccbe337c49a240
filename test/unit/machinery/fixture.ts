import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { asRecord } from "../../../src/lib/kube/object.ts";

/** The content of a golden file of `test/fixtures`. */
export function readFixture(name: string): Readonly<Record<string, unknown>> {
  const path = new URL(`../../fixtures/${name}.json.gz`, import.meta.url);
  return asRecord(JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")));
}
