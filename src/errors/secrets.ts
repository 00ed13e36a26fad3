/**
 * What counts as a secret wherever something is shown: by the name it has, and by how it looks.
 *
 * @module
 */

/** Shown instead of a secret. */
export const MASK = "********";

/**
 * Names that hold a secret, in lower case with `_` between words ({@linkcode isSecretName}); not
 * `token_file`, `secret_name` or `secretKeyRef`, which only say where it is kept, or `secrets_encryption`. The callback plugin
 * of a run gets the same pattern, so it is written in what JavaScript and Python both read.
 */
export const SECRET_NAME_PATTERN =
  "^(?!.*[_.-](?:files?|paths?|names?|namespaces?|refs?|generators?)$)" +
  "(?!(?:.*[_.-])?secrets[_-]encryption(?:[_-]provider)?$)" +
  ".*(?:token|passw(?:or)?d|passphrase|secret|credential|(?:^|[_.-])(?:pass|pwd)$|" +
  "(?:private|api|access|auth|encryption|signing)[_-]?key)";
const SECRET_NAME = new RegExp(SECRET_NAME_PATTERN);

/** Secrets that are known by their look, whatever they are called; what is behind `keep` stays. */
const LOOKS: readonly RegExp[] = [
  // The password of an address.
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:)[^\s/@"'*]+(?=@)/gi,
  // Tokens of k3s, Git hosts and Tailscale; keys of age.
  /\bK10[0-9a-f]{16,}::[^\s"',]+/g,
  /\b(?:gh[opusr]_|github_pat_|glpat-|tskey-[a-z]+-|AGE-SECRET-KEY-)[\w-]{8,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

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
  return LOOKS.reduce((hidden, look) => hidden.replaceAll(look, (found) => as(found)), text);
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
