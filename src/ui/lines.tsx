import { Box, Text } from "ink";
import { memo, type ReactElement } from "react";

/** One painted string on one line of the screen; what is too long is cut. */
export const Line = memo(function Line({ text }: { readonly text: string }): ReactElement {
  return <Text wrap="truncate">{text === "" ? " " : text}</Text>;
});

/** Exactly `rows` lines: painted strings from the top, blank ones below. */
export function Lines({ lines, rows }: { readonly lines: readonly string[]; readonly rows: number }): ReactElement {
  const drawn: ReactElement[] = [];
  for (let row = 0; row < rows; row += 1) drawn.push(<Line key={row} text={lines[row] ?? ""} />);
  return (
    <Box flexDirection="column" height={rows} flexShrink={0}>
      {drawn}
    </Box>
  );
}
