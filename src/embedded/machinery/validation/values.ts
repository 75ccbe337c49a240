import type { Json } from "../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, type JsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { invalidValue, NOT_NEGATIVE } from "./field-error.ts";
import { labelValue, qualifiedName } from "./names.ts";

const NOTHING: JsonObject = {};

/** The struct of that name, an empty one where there is none. */
export function structAt(parent: JsonObject | undefined, key: string): JsonObject {
  const value = parent?.[key];
  return isJsonObject(value) ? value : NOTHING;
}

export function structsAt(parent: JsonObject, key: string): readonly JsonObject[] {
  const value = parent[key];
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

export function textAt(parent: JsonObject, key: string): string {
  const value = parent[key];
  return typeof value === "string" ? value : "";
}

/** Absent, null, `""`, `[]` or `{}`. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (isJsonArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

export function checkNotNegative(parent: JsonObject, key: string, path: string): readonly StatusCause[] {
  const value = parent[key];
  return typeof value === "number" && value < 0 ? [invalidValue(`${path}.${key}`, value, NOT_NEGATIVE)] : [];
}

export function checkPortNumber(value: Json | undefined, path: string): readonly StatusCause[] {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535) return [];
  return [invalidValue(path, value, "must be between 1 and 65535, inclusive")];
}

/** Maps of labels: `metadata.labels`, selectors, node selectors. */
export function checkLabels(labels: Json | undefined, path: string): readonly StatusCause[] {
  if (!isJsonObject(labels)) return [];
  const faults: StatusCause[] = [];
  for (const [key, value] of Object.entries(labels)) {
    faults.push(...qualifiedName(key).map((fault) => invalidValue(path, key, fault)));
    if (typeof value === "string") faults.push(...labelValue(value).map((fault) => invalidValue(path, value, fault)));
  }
  return faults;
}

const OPERATORS: ReadonlySet<string> = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);

/** A `metav1.LabelSelector`. */
export function checkLabelSelector(selector: JsonObject, path: string): readonly StatusCause[] {
  const faults = [...checkLabels(selector["matchLabels"], `${path}.matchLabels`)];
  for (const [index, expression] of structsAt(selector, "matchExpressions").entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const operator = textAt(expression, "operator");
    const hasValues = !isEmpty(expression["values"]);
    if (!OPERATORS.has(operator))
      faults.push(invalidValue(`${at}.operator`, operator, "not a valid selector operator"));
    else if (operator.endsWith("In") && !hasValues) {
      faults.push({
        reason: "FieldValueRequired",
        message: "Required value: must be specified when `operator` is 'In' or 'NotIn'",
        field: `${at}.values`,
      });
    } else if (!operator.endsWith("In") && hasValues) {
      faults.push({
        reason: "FieldValueForbidden",
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        field: `${at}.values`,
      });
    }
    faults.push(
      ...qualifiedName(textAt(expression, "key")).map((fault) => invalidValue(`${at}.key`, expression["key"], fault)),
    );
  }
  return faults;
}
