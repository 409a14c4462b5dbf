// Uploads: what was picked, pasted or dropped goes to the relay with a progress bar; what has arrived becomes a message in the outbox, which
// no lost connection loses. Called with a list of files; `voice.js` uploads its recordings with it, too.
import { bytes, button, dress, fill, make } from "./dom.js";

const CSS = `
.tray:empty{display:none}
.tray{display:grid;gap:8px;padding:12px 12px 0;border-block-start:1px solid var(--line)}
.tray~form{border-block-start:0}
.upload{display:grid;grid-template-columns:1fr auto auto;align-items:center;gap:4px 8px;padding:8px 8px 8px 14px;padding-inline:14px 8px;border-radius:12px;background:var(--tint);font-size:13.5px}
.upload span{min-width:0;overflow-wrap:anywhere;line-height:1.35}
.upload progress{grid-column:1/-1;width:100%;height:4px;accent-color:var(--accent)}
.upload.bad span{color:var(--bad)}
.upload .icon{width:32px;height:32px}
.upload .plain{padding:5px 12px;background:var(--paper)}
.cross::before{width:20px;clip-path:path("M5 3.6l5 5 5-5L16.4 5l-5 5 5 5-1.4 1.4-5-5-5 5L3.6 15l5-5-5-5Z")}
`;
// The relay refuses more at a time, and nobody picks more on purpose.
const MOST_AT_ONCE = 10;

export default (place, told) => {
  dress(place, "files", CSS);
  for (const file of [...told.files].slice(0, MOST_AT_ONCE)) upload(place, told, file, file.name || "image.png");
};

const fits = (type, wanted) => wanted.some(kind => kind === type || kind === "*/*" || kind.endsWith("/*") && type.startsWith(kind.slice(0, -1)));

// What is wrong with a file, in words, before a byte of it is sent.
const complaint = (file, name, { most_bytes, types }, { texts, locale }) =>
  file.size > most_bytes ? fill(texts.too_large, name, bytes(most_bytes, locale))
  : !file.size ? fill(texts.empty, name)
  : !fits((file.type || "application/octet-stream").split(";")[0], types) ? fill(texts.wrong_type, name)
  : undefined;

// Uploads one file; `milliseconds` is the length of a recording.
export const upload = (place, told, file, name, milliseconds) => {
  const { texts } = told;
  dress(place, "files", CSS);
  const text = make("span", {}, fill(texts.uploading, name));
  const bar = make("progress", { max: 100, value: 0, "aria-label": fill(texts.uploading, name) });
  const again = button("plain", texts.retry, () => start());
  const cross = button("icon cross", "", () => { request?.abort(); row.remove(); told.field?.focus(); }, { "aria-label": texts.cancel });
  const row = make("div", { class: "upload" }, text, again, cross, bar);
  let request;
  const fail = (message, forGood) => {
    row.className = "upload bad";
    row.setAttribute("role", "alert");
    text.textContent = message;
    again.hidden = !!forGood;
    bar.hidden = true;
  };
  const start = () => {
    row.className = "upload";
    row.removeAttribute("role");
    text.textContent = fill(texts.uploading, name);
    again.hidden = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    const query = new URLSearchParams({ site: told.site, name, ...(milliseconds && { duration_ms: Math.round(milliseconds) }) });
    request = new XMLHttpRequest();
    request.open("POST", told.relay + "/api/files?" + query);
    request.setRequestHeader("Authorization", "Bearer " + told.token);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = event => event.lengthComputable && (bar.value = event.loaded / event.total * 100);
    request.onload = () => {
      if (request.status < 300) {
        row.remove();
        told.ask(["file", request.responseText]);
      } else if (request.status === 413) {
        fail(fill(texts.too_large, name, bytes(JSON.parse(told.json).most_bytes, told.locale)), true);
      } else if (request.status === 415) {
        fail(fill(texts.wrong_type, name), true);
      } else {
        fail(fill(texts.not_uploaded, name));
      }
    };
    request.onerror = () => fail(fill(texts.not_uploaded, name));
    request.send(file);
  };
  place.append(row);
  const wrong = complaint(file, name, JSON.parse(told.json), told);
  wrong ? fail(wrong, true) : start();
};
