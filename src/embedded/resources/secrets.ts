import { asRecord, asString } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const secrets = serveResource({
  group: "",
  version: "v1",
  resource: "secrets",
  kind: "Secret",
  namespaced: true,
  columns: [
    nameColumn,
    column("Type", (secret) => asString(secret["type"])),
    column("Data", (secret) => Object.keys(asRecord(secret["data"])).length, "integer"),
    ageColumn,
  ],
  prepareForCreate: mergeStringData,
  prepareForUpdate: mergeStringData,
});

/** `stringData` is write-only: its values go into `data`, base64. */
function mergeStringData<T extends Readonly<Record<string, unknown>>>(secret: T): T {
  const given = secret["stringData"];
  if (given === undefined) return secret;
  const { stringData: _, ...rest } = secret;
  const encoded = Object.entries(asRecord(given)).map(([key, value]) => [
    key,
    Buffer.from(asString(value)).toString("base64"),
  ]);
  return { ...rest, data: { ...asRecord(secret["data"]), ...Object.fromEntries(encoded) } } as unknown as T;
}
