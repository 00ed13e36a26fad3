import type { KeyPair } from "../../../actions/gitops/deploy_key.ts";
import type { HostKey } from "../../../gitops/keys/deploy_key.ts";
import { defineCommand, option } from "../../program/command.ts";

/** `gitops deploy-key`: SSH access for Flux. */
export const gitopsDeployKeyCommand = defineCommand({
  name: "gitops deploy-key",
  summary: "Create and show the SSH key that Flux uses for a private repository",
  description: "Creates a key pair for the cluster (ed25519, no passphrase) in " +
    "~/.config/k3s-tool/deploy-keys and prints the public key. Add it to the repository as a " +
    "deploy key; read access is enough. The command also needs the host keys of the Git server in " +
    "git_repo_url: from a known_hosts file, by fingerprint, or the keys that the server presents, " +
    "if you confirm them. No host key is trusted without asking, not even with --yes. `provision` " +
    "finds both files.",
  formats: ["table", "json", "yaml"],
  options: {
    knownHosts: option.text(
      "--known-hosts <file>",
      "read the server's host keys from this file, such as ~/.ssh/known_hosts",
      { completes: "file" },
    ),
    fingerprint: option.text(
      "--fingerprint <SHA256:…>",
      "trust the host key with this fingerprint",
    ),
    renewHostKey: option.flag("--renew-host-key", "fetch the server's host keys again"),
  },
  examples: {
    "k3s-tool gitops deploy-key": "create the key and confirm the host keys",
    "k3s-tool gitops deploy-key --known-hosts ~/.ssh/known_hosts":
      "trust the host keys that ssh on this machine trusts",
    "k3s-tool gitops deploy-key -q > deploy-key.pub": "print only the public key, for a script",
  },
  async run(context, { options, globals }, output) {
    const { makeDeployKey } = await import("../../../actions/gitops/deploy_key.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    // --yes does not say whose key this is.
    const prompter = new Prompter({ ...globals, yes: false }, context);
    const request = { inventory: globals.inventory, ...options };
    const vouch = async (server: string, keys: readonly HostKey[]) => {
      output.note(`${server} presents these host keys:`);
      for (const { type, fingerprint } of keys) output.note(`  ${type} ${fingerprint}`);
      if (!prompter.canAsk) return false;
      return await prompter.confirm({
        message: "Do they match the keys that the server's owner publishes?",
        flag: "--fingerprint SHA256:… or --known-hosts FILE",
      });
    };
    const made = ({ publicKey, file, created }: KeyPair) => {
      if (!output.structured) output.data(`${publicKey}\n`);
      output.note(
        `${created ? "Created" : "Kept"} ${file}. Add the public key to the repository's deploy ` +
          "keys; read access is enough.",
      );
    };
    const key = await makeDeployKey(context, request, { made, vouch });
    const { publicKey, file, created, knownHosts, server } = key;
    if (output.structured) {
      const body = { publicKey, file, created, knownHosts: knownHosts ?? null };
      await output.document("DeployKey", body);
    }
    if (server === undefined) {
      output.note("git_repo_url is not an SSH URL; Flux uses the key only with an SSH URL.");
    } else if (knownHosts === undefined) {
      output.warn(
        `No host key of ${server} is trusted yet, so Flux cannot connect. Verify the host key, ` +
          "then run again with --fingerprint SHA256:… or --known-hosts FILE",
      );
    } else output.note(`Host keys of ${server} are in ${knownHosts}.`);
  },
});
