import { resolve } from "node:path";
import { counted } from "../../../errors/safe_text.ts";
import { shellWord } from "../../../errors/shell_word.ts";
import { usageError } from "../../../errors/user_error.ts";
import { commaList } from "../../program/options.ts";
import { defineCommand, option } from "../../program/command.ts";

/** `artifacts download`: what provisioning fetches, in a directory of this machine. */
export const artifactsDownloadCommand = defineCommand({
  name: "artifacts download",
  summary: "Download k3s, its images and Flux's manifest for hosts without internet",
  description:
    "Downloads k3s and its images for each architecture in the inventory, and Flux's install.yaml " +
    "where git_repo_url is set, from where hosts would download them. Each file is verified by the checksums that its release " +
    "publishes, and only complete files are kept. A file that is already there and correct is not " +
    "downloaded again: run it again after an interruption. Works without an inventory where --k3s-version " +
    "and --arch are given.",
  formats: ["table", "wide", "json", "yaml", "name"],
  options: {
    dir: option.text(
      "--dir <dir>",
      "directory for the files (default: the inventory's artifact_dir)",
      { completes: "file" },
    ),
    k3sVersion: option.text(
      "--k3s-version <version>",
      "release to download (default: the inventory's k3s_version)",
    ),
    arch: option.list(
      "--arch <arch>",
      "architectures: amd64, arm64, arm (default: those of the inventory's hosts)",
    ),
    check: option.flag("--check", "show what would be downloaded, download nothing"),
  },
  examples: {
    "k3s-tool artifacts download --dir ~/k3s-artifacts": "for the hosts of the inventory",
    "k3s-tool artifacts download --check": "show what artifact_dir lacks, with sizes",
    "k3s-tool artifacts download --dir /mnt/usb --k3s-version v1.36.3+k3s1 --arch amd64,arm64":
      "on another machine, without the inventory",
  },
  async run(context, { options, globals }, output) {
    const { artifactDirectory, downloadArtifacts, planArtifacts } = await import(
      "../../../actions/upkeep/artifacts.ts"
    );
    const { ARTIFACT_COLUMNS, artifactItem } = await import("../../../view/tables/releases.ts");
    const { locateInventoryIfAny } = await import("../../../inventory/read/locate.ts");
    const { readInventory } = await import("../../../inventory/read/read.ts");
    const { bytes } = await import("../../../view/words/amounts.ts");
    const file = await locateInventoryIfAny(context, globals.inventory);
    const inventory = file === undefined
      ? undefined
      : await readInventory(file, { cwd: context.cwd });
    const set = inventory && artifactDirectory(context, inventory);
    const directory = options.dir === undefined ? set : resolve(context.cwd, options.dir);
    if (directory === undefined) {
      throw usageError("Neither --dir nor artifact_dir in the inventory names a directory", {
        hint: "Name one: k3s-tool artifacts download --dir ~/k3s-artifacts",
      });
    }
    const planned = await planArtifacts(context, {
      directory,
      version: options.k3sVersion,
      architectures: commaList(options.arch, "--arch"),
    }, inventory);
    const missing = planned.files.filter(({ state }) => state === "missing");
    const sizes = missing.map((each) => each.bytes);
    const size = sizes.every((each) => each !== undefined)
      ? bytes(sizes.reduce((sum, each) => sum + each, 0))
      : "an unknown size";
    output.note(
      missing.length === 0
        ? `All files are in ${planned.directory}.`
        : `${counted(missing.length, "file")} to download into ${planned.directory}: ${size}.`,
    );
    const done = options.check
      ? planned
      : await downloadArtifacts(context, planned, (words) => output.note(words));
    const { k3s, flux = null, architectures } = done;
    await output.list({
      kind: "ArtifactList",
      rows: done.files,
      columns: ARTIFACT_COLUMNS,
      name: ({ path }) => path,
      item: artifactItem,
      extra: { directory, dryRun: options.check, k3s, flux, architectures },
      empty: "There is nothing to download.",
    });
    if (!options.check && inventory !== undefined && set !== directory) {
      const value = shellWord(directory);
      output.note(`To provision from it: k3s-tool config set artifact_dir ${value}`);
    }
  },
});
