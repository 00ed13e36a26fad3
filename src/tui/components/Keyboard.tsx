import { type SuspendTerminal, useApp, useInput, usePaste } from "ink";
import { useEffect } from "react";
import { keyNames } from "../keys/key_names.ts";

interface Props {
  readonly press: (name: string) => void;
  readonly paste: (text: string) => void;
  /** Gets what hands the terminal to somebody else for a while. */
  readonly onReady: (suspend: SuspendTerminal) => void;
}

/** Hears the keyboard; shows nothing. */
export function Keyboard({ press, paste, onReady }: Props): null {
  const { suspendTerminal } = useApp();
  // Without a value: React calls one when this is taken away.
  useEffect(() => void onReady(suspendTerminal), [onReady, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) press(name);
  });
  usePaste(paste);
  return null;
}
