import { KelpieError } from "../../lib/errors.ts";
import { groupResource, type Gvr } from "../../lib/kube/gvr.ts";
import type { Status } from "../../lib/kube/object.ts";

type Details = NonNullable<Status["details"]>;
export type StatusCause = NonNullable<Details["causes"]>[number];

/** An error the API answers as a `metav1.Status` (apimachinery pkg/api/errors): reason, code and wording are upstream's. */
export class StatusError extends KelpieError {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;
  readonly details: Details | undefined;

  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

type GroupResource = Pick<Gvr, "group" | "resource">;

function detailsOf(resource: GroupResource, name: string): Details {
  return {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.resource,
  };
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(404, "NotFound", `${groupResource(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${groupResource(resource)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(resource, name));
}

/** The conflict of an update whose `resourceVersion` is old. */
export function modifiedConflict(resource: GroupResource, name: string): StatusError {
  return conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

/** 422 with the faults of fields; `kind` and `group` are the object's. */
export function invalid(group: string, kind: string, name: string, causes: readonly StatusCause[]): StatusError {
  const parts = causes.map((cause) => `${cause.field ?? ""}: ${cause.message ?? ""}`);
  const faults = parts.length === 1 ? (parts[0] ?? "") : `[${parts.join(", ")}]`;
  const qualified = group === "" ? kind : `${kind}.${group}`;
  return new StatusError(422, "Invalid", `${qualified} "${name}" is invalid: ${faults}`, {
    name,
    ...(group === "" ? {} : { group }),
    kind,
    causes,
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const target = name === "" ? groupResource(resource) : `${groupResource(resource)} "${name}"`;
  return new StatusError(403, "Forbidden", `${target} is forbidden: ${why}`, detailsOf(resource, name));
}

export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

/** 410: a resourceVersion or continue token older than the history kept. */
export function gone(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

export function methodNotAllowed(resource: GroupResource, action: string): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    `${action} is not supported on resources of kind "${groupResource(resource)}"`,
    detailsOf(resource, ""),
  );
}

/** 404 of a path nothing is served at. */
export function pathNotFound(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof StatusError && error.code === 409 && error.reason === "Conflict";
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof StatusError && error.code === 409 && error.reason === "AlreadyExists";
}
