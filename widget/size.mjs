// The byte budgets (DESIGN §13): what a page pays before anybody wants to chat, what comes until the visitor can type and until the panel is whole, and each of the modules
// that come when they are wanted; what an agent waits for once, the console's first load; and its other pages.
// Called by `make size` with the folders of the built widget and console; ends with 1 past a budget, or when the widget could write markup.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const [dist, consoleDist] = process.argv.slice(2);
// What the relay appends to the loader; a long but ordinary site.
const settings = {
  key: "main-website",
  relay: "https://chat.example-company.com",
  assets: `https://chat.example-company.com/a/${"0123456789abcdef".repeat(2)}/`,
  color: "#2456e6",
  side: "right",
  name: "The Example Company",
  greet: true,
  lang: "ja",
  open: "チャットを開く",
};

// The page to develop on, types, and the loader in its two forms are nothing that a visitor loads.
const isLoaded = (path) => !["loader.js", "bulle.js"].includes(path) && /\.(js|css|wasm|json)$/.test(path);
const paths = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)))
  .filter(isLoaded);
const read = (path) => [path, readFileSync(join(dist, path))];
const size = (folder, path) => brotliCompressSync(readFileSync(join(folder, path))).length;

// One language at most is loaded: the heaviest counts.
const texts = paths.filter((path) => path.startsWith("texts/")).sort((one, other) => size(dist, other) - size(dist, one));
// What typing does not need comes when it is wanted, each by itself.
const later = readdirSync(join(import.meta.dirname, "more"));
const isModule = (path) => later.includes(path);
const loaded = paths.filter((path) => !path.startsWith("texts/") && !isModule(path)).concat(texts.slice(0, 1));

const [, loader] = read("loader.js");
const groups = [
  { title: "loader with settings", budget: 2 * 1024, files: [["/bulle.js", Buffer.from(`${loader}(${JSON.stringify(settings)})`)]] },
  { title: "all until typing", budget: 12 * 1024, files: loaded.filter((path) => !path.endsWith(".wasm")).map(read) },
  { title: "all until the panel is whole", budget: 90 * 1024, files: loaded.sort().map(read) },
  ...paths.filter(isModule).map((path) => ({ title: `on demand: ${path}`, budget: (["greet.js", "present.js"].includes(path) ? 2 : 6) * 1024, files: [read(path)] })),
];

// All of it is fetched before the first paint of the inbox, with the texts of one language: the heavier counts. What the install page's
// preview and the emoji picker load is not among it, nor the second program, which draws the pages that no chat waits for and comes when one
// of them is opened, or before, when the browser has nothing else to do. What makes it small, so that nobody undoes it unawares (brotli):
// that second program 119 KB; JSON read by a small deserializer, `lean.rs`, instead of serde_json's 32 KB; texts beside the program, one
// language of them, 5 KB; short names between wasm and glue 4 KB; all keyed lists of one type, `each.rs` (8 % of the program's functions
// before); no comments in the style sheet 1 KB.
const spoken = ["en.txt", "fr.txt"].sort((one, other) => size(consoleDist, other) - size(consoleDist, one));
const desk = ["index.html", "boot.js", "console.css", "console.js", "console_bg.wasm", spoken[0]];
const consoles = [
  { title: "console, first load", budget: 400 * 1024, files: desk },
  { title: "console, other pages (on demand)", budget: 300 * 1024, files: ["office.js", "office_bg.wasm"] },
].map((group) => ({ ...group, files: group.files.map((name) => [name, readFileSync(join(consoleDist, name))]) }));

let failed = false;
for (const name of later.filter((name) => !paths.includes(name))) {
  console.log(`${name} is not among what is built: index.html has to name it`);
  failed = true;
}
const row = (name, ...sizes) => console.log(name.padEnd(32) + sizes.map((size) => String(size).padStart(10)).join(""));
row("bytes", "raw", "gzip", "brotli", "budget");
for (const { title, budget, files } of [...groups, ...consoles]) {
  const sizes = files.map(([, bytes]) => [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]);
  files.forEach(([path], index) => row(`  ${path}`, ...sizes[index]));
  const [raw, gzip, brotli] = [0, 1, 2].map((column) => sizes.reduce((sum, size) => sum + size[column], 0));
  const past = files.length === 0 || brotli > budget;
  failed ||= past;
  row(title, raw, gzip, brotli, budget, past ? "  PAST IT" : "");
}

for (const [path, bytes] of groups.flatMap((group) => group.files)) {
  if (!path.endsWith(".wasm") && bytes.includes("innerHTML")) {
    console.log(`${path} contains innerHTML: pages with Trusted Types refuse it`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
