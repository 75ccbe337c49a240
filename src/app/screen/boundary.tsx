import { Box } from "ink";
import { Component, type ReactNode } from "react";
import type { Palette } from "../../config/theme.ts";
import { errorMessage } from "../../lib/errors.ts";
import { fit, sanitize } from "../../lib/text.ts";
import { Lines } from "../../ui/lines.tsx";

export interface BoundaryProps {
  /** What is drawn inside, for the message: `This view`. */
  readonly what: string;
  /** What the user can do now. */
  readonly advice?: string;
  /** Drawing is tried anew when this becomes another value. */
  readonly attempt?: unknown;
  readonly columns: number;
  readonly rows: number;
  /** The line the message stands on, over the rest of the screen; where the content would stand if absent. */
  readonly top?: number;
  readonly palette: Palette;
  readonly children: ReactNode;
  readonly onError: (error: Error, what: string) => void;
}

interface BoundaryState {
  readonly message: string | undefined;
  readonly attempt: unknown;
}

/** A part of the screen that fails to draw says so in its place; the rest of the program goes on. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { message: undefined, attempt: this.props.attempt };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { message: errorMessage(error) };
  }

  static getDerivedStateFromProps(props: BoundaryProps, state: BoundaryState): BoundaryState | null {
    return Object.is(props.attempt, state.attempt) ? null : { message: undefined, attempt: props.attempt };
  }

  override componentDidCatch(error: Error): void {
    this.props.onError(error, this.props.what);
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === undefined) return this.props.children;
    const { what, advice, columns, rows, top, palette } = this.props;
    const fault = palette.paint(fit(` ${what} could not be drawn: ${sanitize(message)}`, columns), "danger");
    const more = advice === undefined ? [] : [palette.paint(fit(` ${advice}`, columns), "dim")];
    const lines = <Lines lines={rows > 3 ? ["", fault, ...more] : [fault, ...more]} rows={rows} />;
    if (top === undefined) return lines;
    return (
      <Box position="absolute" left={0} top={top}>
        {lines}
      </Box>
    );
  }
}
