// Bundle the page into one file: node build.mjs OUTPUT
//
// page.html.in names what goes where: @@STYLE@@, @@SCRIPT@@; @@REPORT@@ stays, for the C writer.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const output = process.argv[2];
if (!output) throw new Error("usage: node build.mjs OUTPUT");

const bundle = await build({
  entryPoints: { page: "src/main.tsx", style: "src/page.css" },
  outdir: "out",
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});
const text = (end) => bundle.outputFiles.find((file) => file.path.endsWith(end)).text.trim();
const parts = {
  // The script stands in an HTML file: nothing in it may end the element.
  "@@SCRIPT@@": text(".js").replaceAll("</script", "<\\/script"),
  "@@STYLE@@": text(".css"),
};
const page = (await readFile("page.html.in", "utf8")).replace(
  /@@(SCRIPT|STYLE)@@/g,
  (mark) => parts[mark],
);
if (page.split("@@REPORT@@").length !== 2) throw new Error("the page needs @@REPORT@@ exactly once");
await writeFile(output, page);
