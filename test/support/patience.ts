/**
 * How long a test waits for what must come, in milliseconds. Only a test that fails waits that long; a machine that is
 * busy with other things makes everything slow, and nothing wrong.
 */
export const PATIENCE = 120_000;
