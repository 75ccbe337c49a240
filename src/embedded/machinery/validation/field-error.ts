import type { Json } from "../../../lib/kube/object.ts";
import type { StatusCause } from "../status-error.ts";

// One function for each error type of apimachinery pkg/util/validation/field/errors.go, worded as there.

export function invalidValue(field: string, value: Json | undefined, why: string): StatusCause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}: ${why}`, field };
}

export function required(field: string, why = ""): StatusCause {
  return { reason: "FieldValueRequired", message: why === "" ? "Required value" : `Required value: ${why}`, field };
}

export function duplicate(field: string, value: Json | undefined): StatusCause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field };
}

export function notFoundValue(field: string, value: Json | undefined): StatusCause {
  return { reason: "FieldValueNotFound", message: `Not found: ${shown(value)}`, field };
}

export function forbiddenField(field: string, why: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

export function tooLong(field: string, bytes: number): StatusCause {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${bytes} bytes`, field };
}

export function unsupported(field: string, value: Json | undefined, supported: readonly string[]): StatusCause {
  const values = supported.map((entry) => JSON.stringify(entry)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${values}`,
    field,
  };
}

export const IMMUTABLE = "field is immutable";
export const NOT_NEGATIVE = "must be greater than or equal to 0";

function shown(value: Json | undefined): string {
  return value === undefined ? "null" : JSON.stringify(value);
}
