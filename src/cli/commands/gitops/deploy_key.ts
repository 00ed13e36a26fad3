import type { KeyPair } from "../../../actions/gitops/deploy_key.ts";
import type { HostKey } from "../../../gitops/keys/deploy_key.ts";
import { defineCommand } from "../../program/command.ts";

/** `gitops deploy-key`: SSH access for Flux. */
export const gitopsDeployKeyCommand = defineCommand({
  name: "gitops deploy-key",
  summary: "Make the key with which Flux reads a private repository over SSH, and show it",
  description: "Makes a key pair for the cluster (ed25519, without a passphrase) in " +
    "~/.config/k3s-tool/deploy-keys, outside of every repository, and prints the public part, " +
    "which the repository is to accept as a deploy key; reading is enough. Then the host keys of " +
    "the Git server in git_repo_url are needed: those of a known_hosts file, those with a given " +
    "fingerprint, or those it shows, if you say that they are right. None is trusted unasked, " +
    "not with --yes either. `provision` finds both files by itself.",
  formats: ["table", "json", "yaml"],
  options: {
    knownHosts: {
      kind: "string",
      flags: "--known-hosts <file>",
      description: "take the server's host keys from this file, such as ~/.ssh/known_hosts",
      completes: "file",
    },
    fingerprint: {
      kind: "string",
      flags: "--fingerprint <SHA256:…>",
      description: "take the host key that has this fingerprint",
    },
    renewHostKey: {
      kind: "flag",
      flags: "--renew-host-key",
      description: "fetch the server's host keys again",
    },
  },
  examples: [
    { command: "k3s-tool gitops deploy-key", does: "makes the key, asks about the host keys" },
    {
      command: "k3s-tool gitops deploy-key --known-hosts ~/.ssh/known_hosts",
      does: "trusts what ssh on this machine trusts",
    },
    {
      command: "k3s-tool gitops deploy-key -q > deploy-key.pub",
      does: "the public key alone, for a script that adds it",
    },
  ],
  async run(context, { options, globals }, output) {
    const { makeDeployKey } = await import("../../../actions/gitops/deploy_key.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    // A yes to everything is no word on whose key this is.
    const prompter = new Prompter({ ...globals, yes: false }, context);
    const request = { inventory: globals.inventory, ...options };
    const vouch = async (server: string, keys: readonly HostKey[]) => {
      output.note(`${server} shows these host keys:`);
      for (const { type, fingerprint } of keys) output.note(`  ${type} ${fingerprint}`);
      if (!prompter.canAsk) return false;
      return await prompter.confirm({
        message: "Are they the ones that the server's owner publishes?",
        flag: "--fingerprint SHA256:… or --known-hosts FILE",
      });
    };
    const made = ({ publicKey, file, created }: KeyPair) => {
      if (!output.structured) output.data(`${publicKey}\n`);
      output.note(
        `${created ? "Made" : "Kept"} ${file}. Add the public key to the repository's deploy ` +
          "keys; reading is enough.",
      );
    };
    const key = await makeDeployKey(context, request, { made, vouch });
    const { publicKey, file, created, knownHosts, server } = key;
    if (output.structured) {
      const body = { publicKey, file, created, knownHosts: knownHosts ?? null };
      await output.document("DeployKey", body);
    }
    if (server === undefined) {
      output.note("git_repo_url is not an SSH address: Flux does not use the key until it is.");
    } else if (knownHosts === undefined) {
      output.warn(
        `No host key of ${server} is trusted yet, so Flux cannot connect. Compare what it shows, ` +
          "then run again with --fingerprint SHA256:… or --known-hosts FILE",
      );
    } else output.note(`Host keys of ${server} are in ${knownHosts}.`);
  },
});
