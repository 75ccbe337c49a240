import { createContext, useContext } from "react";
import { createPalette, type Palette } from "../config/theme.ts";

/** The colours of the screen. Components paint text with it; they never use Ink's colour properties. */
export const ThemeContext = createContext<Palette>(createPalette("dark", "ansi256"));

export function useTheme(): Palette {
  return useContext(ThemeContext);
}
