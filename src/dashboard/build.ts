import { fileURLToPath } from "node:url";

/** A file of the pages as it is served. */
export interface PageFile {
  readonly text: string;
  /** Strong and quoted, ready for the header; changes with the text. */
  readonly etag: string;
}

export interface PageFiles {
  readonly script: PageFile;
  readonly style: PageFile;
}

const fileOf = (text: string): PageFile => ({ text, etag: `"${Bun.hash(text).toString(36)}"` });

const place = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const build = async (): Promise<PageFiles> => {
  const { outputs, logs } = await Bun.build({
    entrypoints: [place("./browser/main.ts")],
    minify: true,
    format: "iife",
    target: "browser",
  });
  const styles = ["./pages.css", "./account.css"].map((name) => Bun.file(place(name)).text());
  const [output] = outputs;
  if (output === undefined) throw new Error("the script of the pages did not build", { cause: logs });
  return {
    script: fileOf((await output.text()).trim()),
    style: fileOf((await Promise.all(styles)).join("\n")),
  };
};

let files: Promise<PageFiles> | undefined;

/** The script and the style of the pages: built once per process when they are first asked for. */
export const pageFiles = (): Promise<PageFiles> => {
  files ??= build();
  return files;
};
