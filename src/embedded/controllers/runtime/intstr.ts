/**
 * An `IntOrString` field as a count: a number as it is, a percentage of `total` rounded up or down (apimachinery
 * intstr.GetScaledValueFromIntOrPercent). What is neither counts as 0.
 */
export function scaledValue(value: unknown, total: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const match = /^(\d+)%$/.exec(typeof value === "string" ? value : "");
  if (match === null) return 0;
  const exact = (Number(match[1]) * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}
