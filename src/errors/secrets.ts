/**
 * What counts as a secret wherever something is shown: by the name it has, and by how it looks.
 *
 * @module
 */

import patterns from "../../ansible/plugins/callback/k3s_tool_secrets.json" with { type: "json" };

/** Shown instead of a secret. */
export const MASK = "********";

// The callback plugins of a run read the same file, so patterns are written in what JavaScript and Python both read.

/**
 * Names that hold a secret, in lower case with `_` between words ({@linkcode isSecretName}); not
 * `token_file`, `secret_name` or `secretKeyRef`, which only say where it is kept, or `secrets_encryption`.
 */
const SECRET_NAME = new RegExp(patterns.name);

/** Secrets that are known by their look, whatever they are called; what is in the group stays. */
const LOOKS = Object.values(patterns.looks).map((look) => new RegExp(look, "g"));

/** True where what has this name should not be shown unless asked for. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase());
}

/**
 * A text without what looks like a secret.
 *
 * @param as what stands for a secret
 */
export function hideSecrets(text: string, as: (secret: string) => string = () => MASK): string {
  return LOOKS.reduce(
    (hidden, look) =>
      hidden.replaceAll(look, (found, kept: string) => kept + as(found.slice(kept.length))),
    text,
  );
}

/**
 * A text, read by the line, without what follows the name of a secret (`token: x`, `PASSWORD=x`), lines
 * that are indented more included.
 *
 * @param as what stands for a secret
 */
export function hideNamed(text: string, as: (secret: string) => string = () => MASK): string {
  /** Indentation of the secret's name; lines that are indented more belong to its value. */
  let depth: number | undefined;
  return text.split("\n").map((line) => {
    const indentation = line.search(/[^\s-]/);
    if (indentation === -1) return line;
    if (depth !== undefined && indentation > depth) {
      return line.slice(0, indentation) + as(line.slice(indentation));
    }
    depth = undefined;
    for (const match of line.matchAll(/([\w.-]+)["']?\s*[:=]\s*/g)) {
      if (!isSecretName(match[1]!)) continue;
      depth = indentation;
      const at = match.index + match[0].length;
      return line.slice(0, at) + (at === line.length ? "" : as(line.slice(at)));
    }
    return line;
  }).join("\n");
}
