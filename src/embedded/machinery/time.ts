/** `metav1.Time`: RFC 3339 in UTC with whole seconds, `2026-01-02T03:04:05Z`. @param milliseconds since the epoch */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** `metav1.MicroTime`: RFC 3339 in UTC with six digits of a second. @param milliseconds since the epoch */
export function formatMicroTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}
