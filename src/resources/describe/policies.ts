import { asNumber, asRecord, asString, at } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { optionalField, writeConditions, writeEvents, writeIdentity } from "./sections.ts";

/** As `PodDisruptionBudgetDescriber` of kubectl/pkg/describe/describe.go. */
export function describeDisruptionBudget(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  writeIdentity(document, object);
  optionalField(document, 0, "Min available", spec["minAvailable"]);
  optionalField(document, 0, "Max unavailable", spec["maxUnavailable"]);
  document.field(0, "Selector", spec["selector"] === undefined ? "<unset>" : selectorText(spec["selector"]));
  document.heading(0, "Status");
  const count = (field: string): number => asNumber(at(object, "status", field));
  const allowed = count("disruptionsAllowed");
  document.field(1, "Allowed disruptions", scalarText(allowed), allowed === 0 ? "warning" : "ok");
  const [healthy, desired] = [count("currentHealthy"), count("desiredHealthy")];
  document.field(1, "Current", scalarText(healthy), healthy < desired ? "error" : undefined);
  document.field(1, "Desired", scalarText(desired));
  document.field(1, "Total", scalarText(count("expectedPods")));
  writeConditions(document, object, now);
  writeEvents(document, input);
}

/** As `PriorityClassDescriber`. */
export function describePriorityClass(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  writeIdentity(document, object, () => {
    document.field(0, "Value", scalarText(asNumber(object["value"])));
    document.field(0, "GlobalDefault", scalarText(object["globalDefault"] === true));
    document.field(0, "PreemptionPolicy", asString(object["preemptionPolicy"], "<nil>"));
    document.field(0, "Description", asString(object["description"]));
  });
  writeEvents(document, input);
}
