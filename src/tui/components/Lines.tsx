import { Text } from "ink";
import type { ReactNode } from "react";

/**
 * Painted lines, one `<Text>` each: a line that has not changed costs nothing to lay out.
 *
 * @param props.lines each exactly as wide as its place
 */
export function Lines({ lines }: { readonly lines: readonly string[] }): ReactNode {
  return lines.map((line, index) => <Text key={index} wrap="truncate">{line}</Text>);
}
