import { Text } from "ink";
import { Component, type ReactNode } from "react";
import { safeText } from "../../errors/safe_text.ts";

interface Props {
  /** What it holds, in a word. */
  readonly name: string;
  readonly children: ReactNode;
  /** Where this changes, it is tried again. */
  readonly version: unknown;
}

interface State {
  readonly error: Error | undefined;
  readonly version: unknown;
}

/** A part of the screen that breaks says so in its own place; the others live on. */
export class Boundary extends Component<Props, State> {
  override state: State = { error: undefined, version: this.props.version };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ version }: Props, state: State): Partial<State> | null {
    return version === state.version ? null : { error: undefined, version };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Text wrap="truncate">
        {`✗ The ${this.props.name} cannot be shown: ${safeText(error.message)}`}
      </Text>
    );
  }
}
