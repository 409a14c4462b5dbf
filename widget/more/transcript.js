// The conversation to keep: as a text file made from what stands in the log, or by email where the relay can send any.
import { button, dress, fill, make } from "./dom.js";

const CSS = `
.keep{display:grid;gap:8px;padding:12px;border-block-start:1px solid var(--line)}
.keep~:is(.tray,form){border-block-start:0}
.keep form{display:flex;gap:8px}
.keep form input{flex:1;min-width:0}
.keep p:empty{display:none}
.keep p{margin:0;font-size:13.5px}
.keep .acts{display:flex;justify-content:space-between;gap:8px}
`;

// The log as text: a line for every message, with its time and author, and one for every day and event.
const write = (log, texts) => [...log.querySelectorAll(":scope>*")].map(row => {
  const part = kind => row.querySelector(":scope>" + kind)?.textContent.trim() || "";
  if (!row.checkVisibility()) return "";
  if (row.matches(".day")) return "\n" + part("div") + "\n";
  if (row.matches(".event")) return part("div");
  if (row.matches(".replies")) return "";
  if (row.matches(".own")) author = texts.you;
  if (row.matches(".theirs") && part(".name")) author = part(".name");
  // Files by name and address; cards have words of their own.
  const text = [...row.querySelectorAll(":scope>div :is(.document,a.picture,.player)")].map(of => of.ariaLabel + " " + (of.href || of.dataset.address)).join(" ") || row.querySelector(":scope>div").innerText;
  return [part(".below").split(" · ")[0], author && author + ":", text.trim()].filter(Boolean).join(" ");
}).filter(Boolean).join("\n");
let author = "";

export default (place, told) => {
  const { texts, ask } = told;
  dress(place, "transcript", CSS);
  const save = button("plain", texts.save, () => {
    // A download is no resource of the page: no policy but a sandbox is asked about its address.
    const address = URL.createObjectURL(new Blob(["\ufeff" + write(told.panel.querySelector(".log"), texts).trim() + "\n"], { type: "text/plain;charset=utf-8" }));
    const link = make("a", { href: address, download: "chat.txt" });
    link.click();
    // The browser has taken what it needs once the click is over.
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  const email = make("input", { type: "email", required: true, autocomplete: "email", "aria-label": texts.your_email, placeholder: texts.your_email });
  const news = make("p", { role: "status" });
  const send = make("button", { class: "main" }, texts.mail);
  const form = make("form", {}, email, send);
  form.addEventListener("submit", event => {
    event.preventDefault();
    const address = email.value.trim();
    send.disabled = true;
    ask(["mail", address, done => {
      send.disabled = false;
      // Why not, the panel says.
      if (!done || !form.isConnected) return;
      news.textContent = fill(texts.mailed, address);
      form.remove();
      save.focus();
    }]);
  });
  place.append(make("div", { class: "keep", role: "group", "aria-label": texts.transcript },
    make("div", { class: "acts" }, save, button("plain", texts.cancel, () => ask(["done"]))),
    told.json ? form : null, news));
  save.focus();
};
