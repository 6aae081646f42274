import { join } from "node:path";
import { settingDescriptions } from "../src/config.ts";

const readme = join(import.meta.dir, "../README.md");
const start = "<!-- settings: written by `bun run format`, from src/config.ts -->";
const end = "<!-- /settings -->";

/** The README with its settings table as `src/config.ts` has it. */
export const withSettings = (text: string): string => {
  const rows = settingDescriptions.map(
    ({ name, defaultText, description }) => `| \`${name}\` | ${defaultText} | ${description} |`,
  );
  const table = ["| Setting | Default | |", "|---|---|---|", ...rows].join("\n");
  const from = text.indexOf(start) + start.length;
  return `${text.slice(0, from)}\n${table}\n${text.slice(text.indexOf(end))}`;
};

const text = await Bun.file(readme).text();
const wanted = withSettings(text);
if (process.argv.includes("--check")) {
  if (text !== wanted) {
    console.error(
      "The settings table in README.md is not that of src/config.ts; `bun run format` writes it.",
    );
    process.exit(1);
  }
} else await Bun.write(readme, wanted);
