/** What a colour means. Themes give each a colour. */
export type Tone = "ok" | "progress" | "warning" | "error" | "muted" | "done" | "accent" | "added";
