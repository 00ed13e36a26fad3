import { argument, defineCommand, option } from "../../program/command.ts";
import { jsonText, yamlText } from "../../output/output.ts";

/** `config schema`: what the inventory's variables and the tool's documents look like. */
export const configSchemaCommand = defineCommand({
  name: "config schema",
  summary: "Print the JSON Schema of the variables, or of a document",
  description: "Prints the JSON Schema (2020-12) of the inventory's variables, or of a kind of " +
    "document that `-o json` prints. --list shows the names.",
  args: [argument("[name]", "variables (default), or a kind of document")],
  options: { list: option.flag("--list", "list the names") },
  examples: {
    "k3s-tool config schema": "print the schema of the inventory's variables",
    "k3s-tool config schema NodeList": "print the schema of node list -o json",
    "k3s-tool config schema --list": "list all names",
  },
  formats: ["table", "json", "yaml"],
  async run(_context, { args: [name], options }, output) {
    const { jsonSchema, SCHEMA_NAMES } = await import("../../program/document_schemas.ts");
    if (options.list) {
      if (output.structured) return await output.document("SchemaList", { items: SCHEMA_NAMES });
      return output.data(SCHEMA_NAMES.join("\n") + "\n");
    }
    const schema = jsonSchema(name ?? "variables");
    output.data(output.format === "yaml" ? await yamlText(schema) : jsonText(schema));
  },
});
