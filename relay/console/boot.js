// Starts the console. A file of its own because the page's policy allows no inline script.
import init from "./console.js";

await init({ module_or_path: new URL("./console_bg.wasm", import.meta.url) });
