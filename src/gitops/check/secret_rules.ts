/**
 * Nothing secret stands in the repository in clear.
 *
 * @module
 */

import { posix } from "node:path";
import { parse } from "yaml";
import type { Problem } from "../../errors/user_error.ts";
import { describeManifest, listOf, textOf, textsAt, valueAt } from "./manifest.ts";
import type { RepositoryFiles } from "../repository/repository_files.ts";
import type { ResourceTrees } from "./resource_tree.ts";
import { clearKeys, isEncrypted, isNoSecret, recipientsOf } from "../keys/sops.ts";

/** Where an identity of age begins (github.com/FiloSottile/age, "Native identities"). */
const PRIVATE_KEY = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{8}/;

/** What was found in the files of a repository, whether they are applied or not. */
export async function secretProblems(
  files: RepositoryFiles,
  trees: ResourceTrees,
): Promise<{ readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }> {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const recipients = await configuredRecipients(files);
  for (const path of files.paths.filter(files.inScope)) {
    const text = await files.read(path);
    if (text === undefined) continue;
    const key = PRIVATE_KEY.exec(text);
    if (key !== null) {
      const line = text.slice(0, key.index).split("\n").length;
      problems.push({
        message: "this is a private age key; keep it outside the repository, and make a new one " +
          "if it was ever pushed",
        where: { file: path, line },
      });
    }
    if (!/\.ya?ml$|\.json$/.test(path) || !/\bSecret\b/.test(text)) continue;
    for (const manifest of (await trees.manifestsOf(path)).manifests) {
      if (manifest.value.kind !== "Secret") continue;
      const [clear] = clearKeys(manifest.value);
      if (clear !== undefined) {
        problems.push({
          message: `${describeManifest(manifest)} holds ${clear} in clear text; ` +
            "encrypt the file: sops encrypt --in-place FILE.sops.yaml",
          where: manifest.place(clear.split(/\.(.*)/s).slice(0, 2)),
        });
      } else if (
        isEncrypted(manifest.value) && recipients !== undefined &&
        !recipientsOf(manifest.value).some((each) => recipients.includes(each))
      ) {
        warnings.push({
          message: `${describeManifest(manifest)} is encrypted for other recipients than ` +
            ".sops.yaml names; the cluster can decrypt it only with their key",
          where: manifest.place(["sops"]),
        });
      }
    }
  }
  for (const file of trees.kustomizations) {
    problems.push(...await generatedInClear(file, files, trees));
  }
  return { problems, warnings };
}

/** A generator's literals, and files that are read as they are, end up in Git as clear text. */
async function generatedInClear(
  file: string,
  files: RepositoryFiles,
  trees: ResourceTrees,
): Promise<readonly Problem[]> {
  const [manifest] = (await trees.manifestsOf(file)).manifests;
  if (manifest === undefined) return [];
  const problems: Problem[] = [];
  for (const [index, generator] of listOf(manifest.value.secretGenerator).entries()) {
    const texts = textsAt(generator).map(({ text, at: [member] }) => ({ text, member }));
    const literals = texts.filter(({ member }) => member === "literals")
      .map(({ text }) => text.slice(text.indexOf("=") + 1));
    const contents = await Promise.all(
      texts.filter(({ member }) => /^(?:files|envs?)$/.test(String(member)))
        .map(({ text }) => posix.join(posix.dirname(file), text.slice(text.indexOf("=") + 1)))
        .map((path) => files.read(path)),
    );
    if ([...literals, ...contents].every((text) => text === undefined || isSealed(text))) continue;
    problems.push({
      message: "secretGenerator makes a Secret from clear text in the repository; " +
        "encrypt it with sops instead",
      where: manifest.place(["secretGenerator", index]),
    });
  }
  return problems;
}

/** sops' code over a whole file, in each of its formats; `sops_mac` in dotenv. */
const SOPS_MAC = /(?:^|[\s{,"'])(?:sops_)?mac["']?\s*[:=]\s*["']?ENC\[AES256_GCM,data:/m;

/**
 * True for what holds no secret, and for a file that sops has encrypted: its code over the whole file
 * proves that. An encrypted value alone may be a copy among clear ones.
 */
function isSealed(text: string): boolean {
  return isNoSecret(text) || SOPS_MAC.test(text);
}

/** The age recipients `.sops.yaml` names; undefined where there are none. */
export async function configuredRecipients(
  files: Pick<RepositoryFiles, "read">,
): Promise<readonly string[] | undefined> {
  const text = await files.read(".sops.yaml");
  if (text === undefined) return undefined;
  let config: unknown;
  try {
    config = parse(text);
  } catch {
    return undefined; // sops itself says what is wrong with it
  }
  const found = listOf(valueAt(config, ["creation_rules"])).flatMap((rule) => {
    const age = valueAt(rule, ["age"]);
    return textOf(age)?.split(",") ?? listOf(age).map(String);
  });
  return found.length === 0 ? undefined : found.map((each) => each.trim());
}
