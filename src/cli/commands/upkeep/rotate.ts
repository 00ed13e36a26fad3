import type { Rotated } from "../../../actions/upkeep/rotate.ts";
import { interruptedError } from "../../../errors/user_error.ts";
import { type CommandDeclaration, defineCommand, option } from "../../program/command.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import { Prompter } from "../../output/prompt.ts";

/** What the commands of this group are declared with. */
interface Rotation {
  readonly name: string;
  readonly what: Rotated;
  readonly summary: string;
  readonly description: string;
  readonly question: string;
  readonly done: string;
  readonly examples: Readonly<Record<string, string>>;
}

function rotation(of: Rotation): CommandDeclaration {
  const { name, what, summary, description, examples } = of;
  return defineCommand({
    name,
    summary,
    description,
    formats: ["table", "wide", "json"],
    options: {
      check: option.flag("--check", "show what would be done, change nothing"),
      ...PASSWORD_OPTIONS,
    },
    examples,
    async run(context, { options: { check, ...options }, globals }, output) {
      const { planRotation, rotate } = await import("../../../actions/upkeep/rotate.ts");
      const { showRun } = await import("../../output/progress.ts");
      const inventory = await planRotation(context, globals.inventory);
      const question = { message: of.question, flag: "--yes" };
      if (!check && !await new Prompter(globals, context).confirm(question)) {
        throw interruptedError("Nothing was changed");
      }
      const answers = await ansibleAnswers(options, context, globals);
      const words = {
        what: check ? "The check" : "The rotation",
        resume: `k3s-tool ${name}${check ? " --check" : ""}`,
      };
      const events = rotate(context, inventory, { what, check, ...answers });
      await showRun(events, words, { context, output, globals });
      output.note(check ? "Nothing was changed." : of.done);
    },
  });
}

/** `rotate certs`. */
export const rotateCertsCommand = rotation({
  name: "rotate certs",
  what: "certs",
  summary: "Renew the certificates of k3s on all nodes",
  description:
    "Stops k3s on one server after the other, has k3s put its client and server certificates and " +
    "their keys aside, and starts it: it makes new ones, valid for a year. Each server must be " +
    "Ready, and vote again if it has etcd, before the next one is stopped; the workers follow. " +
    "Pods keep running. The kubeconfig on this machine gets the new certificate. The certificate " +
    "authorities, which are valid for ten years, are kept. If it is interrupted, run it again.",
  question: "Restart k3s on every node with new certificates?",
  done: "Every node has new certificates.",
  examples: {
    "k3s-tool rotate certs --check": "show when the certificates expire, change nothing",
    "k3s-tool rotate certs --yes": "renew them, without asking",
  },
});

/** `rotate token`. */
export const rotateTokenCommand = rotation({
  name: "rotate token",
  what: "token",
  summary: "Replace the server token, with which nodes join",
  description:
    "Has k3s make a new random server token on one server and restarts k3s with it there, then on " +
    "the other servers one by one, then on the workers. Pods keep running. Afterwards the old token " +
    "is refused. A machine that is off gets the new one when you run the command again. An " +
    "etcd snapshot that was taken earlier needs the old token; a backup contains its own. " +
    "Agent and bootstrap tokens stay. If it is interrupted, run it again: it finishes with the same " +
    "token.",
  question: "Make a new server token and restart k3s on every node?",
  done: "Every node has the new token; the old one is refused.",
  examples: {
    "k3s-tool rotate token --check": "show what would be restarted, change nothing",
    "k3s-tool rotate token --yes": "replace it, without asking",
  },
});

/** `rotate encryption-keys`. */
export const rotateEncryptionKeysCommand = rotation({
  name: "rotate encryption-keys",
  what: "encryption_keys",
  summary: "Replace the key that Secrets are encrypted with in the datastore",
  description:
    "Has k3s make a new key, rewrite every Secret with it and remove the old key. A single " +
    "server does that without a restart. Several servers are restarted one by one, three times: " +
    "when they get the new key, when they start to use it, and when they forget the old one, so " +
    "that each of them can read all Secrets at any moment. k3s writes about five Secrets a second. " +
    "Refused where secrets_encryption is off. If it is interrupted, run it again: it continues.",
  question: "Replace the key of all Secrets? Several servers are restarted three times.",
  done: "All Secrets are encrypted with the new key.",
  examples: {
    "k3s-tool rotate encryption-keys --check": "show the key that would be replaced",
    "k3s-tool rotate encryption-keys --yes": "replace it, without asking",
  },
});
