import { StatusError, type StatusCause } from "../../status-error.ts";
import { memberPaths, type FieldSet } from "./field-set.ts";
import type { FieldManager } from "./managers.ts";

export interface FieldConflict {
  readonly manager: FieldManager;
  readonly fields: FieldSet;
}

/** The 409 of server-side apply (fieldmanager internal/conflict.go). */
export function applyConflict(conflicts: readonly FieldConflict[]): StatusError {
  const causes: StatusCause[] = [];
  const groups: string[] = [];
  const ordered = conflicts.toSorted((a, b) => (describe(a.manager) < describe(b.manager) ? -1 : 1));
  for (const { manager, fields } of ordered) {
    const paths = memberPaths(fields);
    const words = describe(manager);
    for (const field of paths)
      causes.push({ reason: "FieldManagerConflict", message: `conflict with ${words}`, field });
    groups.push([`conflicts with ${words}:`, ...paths.map((path) => `- ${path}`)].join("\n"));
  }
  const [only] = causes;
  const message =
    causes.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: ${only.message ?? ""}: ${only.field ?? ""}`
      : `Apply failed with ${causes.length} conflicts: ${groups.join("\n")}`;
  return new StatusError(409, "Conflict", message, { causes });
}

function describe(manager: FieldManager): string {
  const subresource = manager.subresource === "" ? "" : ` with subresource "${manager.subresource}"`;
  if (manager.operation !== "Update") return `"${manager.manager}"${subresource}`;
  const time = manager.time === "" ? "" : ` at ${manager.time}`;
  return `"${manager.manager}"${subresource} using ${manager.apiVersion}${time}`;
}
