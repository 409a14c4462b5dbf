
// Appended to the glue that wasm-bindgen writes (`bundle.mjs`), because here it takes a fifth of the bytes: loading the modules of `more/`, text
// with links, the buttons beside the composer, and files that are dropped or pasted; and the socket. Called by `more.rs` and `wire.rs`; `told` is what
// every module gets:
//   { panel, relay, site, locale, lang, ask, … }, with `ask([wish, …])` for whatever they want of the panel.

// A failed import stays failed under its address, hence the query. This script may be itself a second try.
let bulleAttempts = 0;
const bulleLoad = file => import(new URL(file + ".js" + (bulleAttempts ? "?" + bulleAttempts : new URL(import.meta.url).search), import.meta.url));

// Loads a module and the texts of its language, and hands it an element, unless that is wanted for something else by then.
function bulleMore(told, name, place, json, token) {
  if (place) place.wanted = name;
  if (!name) return;
  const both = () => Promise.all([bulleLoad(name), bulleLoad("texts-" + told.lang)]);
  const { panel } = told;
  const field = panel?.querySelector(".message");
  const { files } = told;
  // Whoever is in the panel now stays there, although what they were at may give way to what comes.
  const focus = !!place?.getRootNode().activeElement;
  both().catch(() => { bulleAttempts++; return both(); }).then(
    ([module, texts]) => place && place.wanted != name || module.default(place || panel.querySelector(".tray"), { ...told, texts: texts.default, json, token, field, files, focus }),
    // Nobody has asked for a word about unread messages.
    () => name == "unread" || told.ask(["done"]),
  );
}

// A WebSocket, unless the one before it never opened or there is a note in the tab's storage that none does here: then `more/events.js` finds
// out, and takes another way where it must. What it gets looks like a WebSocket from the beginning.
let bulleMisses = 0;
function bulleSocket(url, place) {
  let noted;
  try { noted = sessionStorage[place]; } catch { /* Blocked. */ }
  if (noted || bulleMisses++) {
    const socket = { close() {} };
    bulleLoad("events").then(
      ({ connect }) => connect(socket, url, place, () => bulleMisses = 0),
      () => {
        bulleAttempts++;
        socket.onclose?.(new CloseEvent("close"));
      },
    );
    return socket;
  }
  const socket = new WebSocket(url, "bulle.v1");
  // Some proxies let an upgrade hang. Where it is only slow, `more/events.js` waits by what it measures.
  const patience = setTimeout(() => socket.close(), 4_000);
  const settled = ({ type }) => {
    clearTimeout(patience);
    if (type === "open") bulleMisses = 0;
  };
  for (const type of ["open", "close"]) socket.addEventListener(type, settled, { once: true });
  return socket;
}

// Gives the focus to the field in which the visitor writes. One that is hidden takes none: a form stands there, or is on its way, and takes it on
// from the dialog.
function bulleFocus(field) {
  field.focus();
  if (field.getRootNode().activeElement !== field) field.closest(".panel")?.focus();
}

// Text as text nodes, web addresses as links, `**bold**`, `*italic*` and `code` as what they are: the console's `marks.rs` has the same rules.
// An address ends before the marks that end a sentence around it. Most texts have none of all that, and do without the search, which takes browsers a
// while to prepare.
function bulleWords(place, text) {
  let end = 0;
  const parts = /[:*_`]/.test(text) ? text.matchAll(/https?:\/\/[\p{L}\p{N}[]\S*|(?<![^\s([{"'«“‘—–-])(\*\*|[*_`])(?!\s|\1)(.*?\S)\1(?![\p{L}\p{N}]|\1)/gu) : [];
  for (const { 0: found, 1: mark, 2: inner, index } of parts) {
    const part = document.createElement(!mark ? "a" : mark === "`" ? "code" : mark[1] ? "strong" : "em");
    part.textContent = inner ?? found.replace(/[.,;:!?)\]"'»>]+$/, "");
    if (!mark) {
      part.href = part.textContent;
      part.target = "_blank";
      part.rel = "noopener nofollow noreferrer";
    }
    place.append(text.slice(end, index), part);
    end = index + (mark ? found : part.textContent).length;
  }
  place.append(text.slice(end));
}

// Buttons that stand only now and then: each asks for `wish` with its number.
function bulleChoices(place, told, kind, labels, wish, first) {
  place.replaceChildren(...labels.split("\n").filter(label => label).map((label, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = label;
    button.onclick = () => told.ask([wish, String(first + index), label]);
    return button;
  }));
}

// What can be done about own messages: below the last one, and below each that was refused. The rows are drawn before the next frame.
// A panel that was taken off the page has none.
function bulleDeeds(log, told, deeds, retry) {
  requestAnimationFrame(() => {
    for (const old of log.querySelectorAll(".deeds")) old.remove();
    const put = (row, labels, wish, first) => {
      const place = document.createElement("span");
      place.className = "deeds";
      // They come and go with the minute: no news for those who listen.
      place.ariaLive = "off";
      row.append(place);
      bulleChoices(place, told, "deed", labels, wish, first);
    };
    const own = log.querySelectorAll(".own");
    if (deeds && own.length) put(own[own.length - 1], deeds, "deed", 0);
    log.querySelectorAll(".failed").forEach((row, index) => put(row, retry, "retry", index));
  });
}

// The buttons beside the composer, the file picker behind the second, and files that are dragged over the panel, dropped or pasted into it. Made once the
// panel stands there and the composer has the focus, and still before anything is drawn.
function bulleTools(tools, told, labels) {
  queueMicrotask(() => {
    const picker = document.createElement("input");
    picker.type = "file";
    picker.multiple = picker.hidden = true;
    labels.split("|").forEach((label, index) => {
      const name = ["emoji", "attach", "voice"][index];
      const button = document.createElement("button");
      button.type = "button";
      button.className = name + " icon";
      button.ariaLabel = button.title = label;
      button.onclick = () => name === "attach" ? picker.click() : told.ask(["tool", name]);
      tools.append(button);
    });
    tools.append(picker);
    // Pages without a secure connection may not record.
    tools.classList.toggle("mute", !(window.MediaRecorder && navigator.mediaDevices));
    const send = list => {
      // Copied, because browsers empty the list afterwards.
      told.files = [...list];
      if (told.files.length) told.ask(["upload"]);
    };
    picker.onchange = () => {
      send(picker.files);
      // So that picking the same file again is a change again.
      picker.value = "";
    };
    const panel = told.panel = tools.closest(".panel");
    // Whoever reads the end of the log still does when something below takes room.
    const log = panel.querySelector(".log");
    let height = 0;
    new ResizeObserver(() => {
      const before = height;
      height = log.clientHeight;
      if (height < before && log.scrollHeight - log.scrollTop - before < 60) log.scrollTop = log.scrollHeight;
    }).observe(log);
    const listen = (name, call) => panel.addEventListener(name, call);
    const drop = on => panel.classList.toggle("dropping", on);
    // Where none are wanted, or not yet, a file must not replace the page either.
    const wanted = () => tools.closest(".files");
    const put = data => event => {
      drop(false);
      if (event[data]?.files.length) {
        event.preventDefault();
        if (wanted()) send(event[data].files);
      }
    };
    listen("dragover", event => {
      if (event.dataTransfer.types.includes("Files")) {
        event.preventDefault();
        if (wanted()) drop(true);
        else event.dataTransfer.dropEffect = "none";
      }
    });
    listen("dragleave", event => panel.contains(event.relatedTarget) || drop(false));
    listen("drop", put("dataTransfer"));
    listen("paste", put("clipboardData"));
  });
}
