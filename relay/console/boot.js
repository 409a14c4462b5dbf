// Starts the console. A file of its own because the page's policy allows no inline script.
import init from "./console.js";

// What browsers do to be noticed; loaded when it is first wanted. Called by src/bell.rs.
globalThis.bulleBell = (deed, ...given) => import("./bell.js").then(bell => bell[deed](...given));

// The offline page, and notifications while the console is closed. Browsers offer it over https and on this machine.
navigator.serviceWorker?.register("/console/sw.js").catch(() => {});
// A notification of the worker's was clicked.
navigator.serviceWorker?.addEventListener("message", ({ data }) => dispatchEvent(new CustomEvent("bulle-open", { detail: data.open })));

const beside = (name) => new URL(name, import.meta.url);
const load = async (name) => {
  const answer = await fetch(beside(name));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
};
// The texts come beside the program, one language of them: the one that was chosen here before, else the browser's.
let chosen;
try { chosen = localStorage.getItem("bulle.language"); } catch { /* Storage is blocked. */ }
const language = /^fr\b/i.test(chosen ?? navigator.language) ? "fr" : "en";

// The program of the pages that no chat waits for; loaded when one of them is opened, or before, when the browser has nothing else to do.
// Called by src/office.rs.
let office;
globalThis.bulleOffice = () => office ??= Promise.all([import("./office.js"), load("office_bg.wasm")])
  .then(([program, module_or_path]) => program.default({ module_or_path }))
  .catch((error) => {
    office = undefined;
    throw error;
  });
globalThis.bulleOfficeSoon = () => (globalThis.requestIdleCallback ?? setTimeout)(() => bulleOffice().catch(() => {}));

try {
  const [module_or_path, lines] = await Promise.all([load("console_bg.wasm"), load(`${language}.txt`).then((answer) => answer.text())]);
  globalThis.bulleTexts = { language, [language]: lines };
  await init({ module_or_path });
} catch (error) {
  // There are no texts yet, so it is said here, with the way out.
  const button = document.createElement("button");
  button.className = "primary";
  button.textContent = language === "fr" ? "Réessayer" : "Try again";
  button.onclick = () => location.reload();
  const words = document.createElement("p");
  words.role = "alert";
  words.textContent = language === "fr" ? "La console n’a pas pu être chargée. Vérifiez votre connexion."
    : "The console could not be loaded. Check your connection.";
  const page = document.createElement("main");
  page.className = "waiting";
  page.append(words, button);
  document.body.append(page);
  throw error;
}
