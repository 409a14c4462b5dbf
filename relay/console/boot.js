// Starts the console. A file of its own because the page's policy allows no inline script.
import init from "./console.js";

// What browsers do to be noticed; loaded when it is first wanted. Called by src/bell.rs.
globalThis.bulleBell = (deed, ...given) => import("./bell.js").then(bell => bell[deed](...given));

// The offline page, and notifications while the console is closed. Browsers offer it over https and on this machine.
navigator.serviceWorker?.register("/console/sw.js").catch(() => {});
// A notification of the worker's was clicked.
navigator.serviceWorker?.addEventListener("message", ({ data }) => dispatchEvent(new CustomEvent("bulle-open", { detail: data.open })));

await init({ module_or_path: new URL("./console_bg.wasm", import.meta.url) });
