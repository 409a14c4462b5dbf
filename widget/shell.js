// The panel's shell, appended to wasm-bindgen's glue (`bundle.mjs`): the dialog with the site's name, the way out and the composer in it. It opens as soon as this
// script has come. The wasm is ten times as heavy and takes its time on a phone's network: the visitor writes meanwhile, or closes again. It builds
// the rest of the panel around what stands here (`lib.rs`), which stays, and with it focus, caret and the phone's keyboard.
//
//   ready(wasm, settings, forget)            `wasm` is a promise of the compiled module, or of the answer to a request for it
//     -> mount(root, settings, wish, fail)   builds the shell into the loader's shadow root
//       -> tell([name, value])               takes commands: "stop", and what `Panel::obey` in `lib.rs` knows; never from inside a `bulle:*` event
//
// When nothing leads to a panel, `forget` is called at once, and `fail` by each panel that waits for it.
//
// `settings` are the loader's: `key`, `relay`, `assets`, `locale`, `name`, `theme`, `texts` (the file of the visitor's language, where it has come), and
// where they are known `identity`, `resume`, `ticket`, `stores` (`Home` in `browser.rs`). `wish` is whether the visitor wants it open; without one,
// the panel is as this tab last left it. `bulleSheet` is `panel.css`; `bulleEnglish` is what is said here, of `texts/en.json`.
export const ready = (wasm, settings, forget) => {
  // The frame's `mount`, where only that will do.
  let frame;
  const begin = async () => {
    try {
      await __wbg_init({ module_or_path: await wasm });
    } catch {
      frame = await (await bulleLoad("rescue")).rescue(settings, __wbg_init);
    }
  };
  const begun = begin();
  begun.catch(forget).catch(() => {});
  return (root, settings, wish, fail) => {
    if (frame) return frame(root, settings, wish);
    const over = new AbortController();
    const { signal } = over;
    const shell = bulleShell(root, settings, signal);
    const { place, panel, field, form } = shell;
    const store = () => settings.stores ? settings.stores[1] : sessionStorage;
    const draft = "bulle:" + settings.key + ":draft";
    const waiting = [];
    let obey, sends, kept = "";

    const end = () => {
      over.abort();
      place.remove();
    };
    const tell = command => {
      const [name, value] = command;
      if (name == "stop") end();
      if (obey) obey(command);
      else if (name == "open") bulleShow(panel, wish = value);
      else if (name == "identity") settings.identity = value;
      // Whatever else there is, the wasm looks for itself when it comes.
      else if (name == "say") waiting.push(command);
    };
    shell.close.onclick = () => tell(["open", false]);
    // Until the wasm listens to the same (`composer.rs`). Enter breaks the line, and sends what stands there as soon as that is possible.
    panel.addEventListener("keydown", ({ key, keyCode, shiftKey, isComposing, target }) => {
      if (obey || isComposing || keyCode == 229) return;
      if (key == "Escape") tell(["open", false]);
      sends = target == field && key == "Enter" && !shiftKey;
    });

    // Leaves the page to what comes instead, which finds what was written.
    const leave = () => {
      try {
        store().setItem(draft, field.value);
      } catch { /* Blocked or full. */ }
      end();
    };
    const fill = async () => {
      // Whoever mounts it can tell it something by the time that the page hears of an open panel.
      await 0;
      if (signal.aborted) return;
      if (wish) bulleShow(panel, wish);
      try {
        // After the focus: for the first look into the tab's storage, pages wait for the browser's own process.
        field.value = kept = store().getItem(draft) || "";
      } catch { /* Blocked. */ }
      // Seen before the wasm takes the thread, which may be there already.
      if (wish) await bulleFrame();
      await begun;
      if (signal.aborted) return;
      if (frame) {
        leave();
        obey = frame(root, settings, wish);
      } else {
        obey = mount(shell, root, settings, wish);
        panel.removeAttribute("aria-busy");
        if (field.value != kept) field.dispatchEvent(new Event("input"));
        // Once it connects, which it does in a task of its own.
        if (sends) setTimeout(() => signal.aborted || form.requestSubmit());
      }
      for (const command of waiting) obey(command);
    };
    fill().catch(() => {
      if (signal.aborted) return;
      leave();
      const launcher = root.getElementById("bulle");
      if (launcher) launcher.ariaExpanded = false;
      fail();
    });
    return tell;
  };
};

// How long a frame may take, in ms: a page in the background draws none.
const FRAME = 100;
const bulleFrame = () => new Promise(done => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, FRAME);
});

function bulleMake(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// What stands on the page at once. `signal` ends what listens to it.
function bulleShell(root, { name = "", texts, theme }, signal) {
  const { host } = root;
  const { lang, dir, chat, close: out, drop, message, placeholder } = { ...bulleEnglish, ...texts };
  const field = bulleMake("textarea", { class: "message", "aria-label": message, placeholder, rows: 1, dir: "auto", enterkeyhint: "send" });
  const form = bulleMake("form", { class: "composer" }, field);
  const close = bulleMake("button", { type: "button", class: "close icon", "aria-label": out });
  const face = bulleMake("span", { class: "face", "aria-hidden": true }, [...name][0] || "");
  const title = bulleMake("strong", {}, name);
  const presence = bulleMake("span", {});
  // The page has a banner of its own.
  const header = bulleMake("header", { role: "none" }, face, bulleMake("div", { class: "who" }, title, presence), close);
  const panel = bulleMake("div", { class: "panel", role: "dialog", "aria-label": chat, "aria-busy": true, lang, dir, "data-drop": drop, tabindex: -1, hidden: "" }, header, form);
  const place = bulleMake("div", {}, panel);

  // Constructable style sheets need no permission from the page's content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(bulleSheet);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  if (theme) host.dataset.theme = theme;
  root.append(place);

  // On phones the panel fills what the keyboard leaves of the screen; the sheet uses the two lengths only there.
  const view = window.visualViewport;
  const fit = () => {
    panel.style.setProperty("--height", view.height + "px");
    panel.style.setProperty("--top", view.offsetTop + "px");
  };
  for (const name of ["resize", "scroll"]) view?.addEventListener(name, fit, { signal });

  // What is typed in the panel is no business of the page's: its shortcuts and its blockers of keys, menus and the clipboard do not hear of it.
  // What a page that listens before everybody else has taken as its shortcut was meant for the message, and is put there.
  const guard = event => {
    event.stopPropagation();
    const { type, key, defaultPrevented, ctrlKey, metaKey } = event;
    if (type != "keydown" || !defaultPrevented || [...key].length != 1 || ctrlKey || metaKey) return;
    const [field] = event.composedPath();
    const { selectionStart: from, selectionEnd: to } = field;
    // Nothing else has a caret.
    if (from == null) return;
    field.setRangeText(key, from, to, "end");
    field.dispatchEvent(new Event("input"));
  };
  for (const name of ["keydown", "keypress", "keyup", "beforeinput", "input", "copy", "cut", "paste", "contextmenu", "selectstart"]) {
    host.addEventListener(name, guard, { signal });
  }
  return { place, panel, face, title, presence, close, form, field };
}

// Opens or closes the panel; `still` leaves the focus where the page wants it. Launcher and page are told.
function bulleShow(panel, open, still) {
  const root = panel.getRootNode();
  if (panel.hidden != open) return;
  const within = panel.contains(root.activeElement);
  panel.hidden = !open;
  // Before all else that opening takes.
  if (open && !still) bulleFocus(panel.querySelector(".message"));
  const launcher = root.getElementById("bulle");
  if (launcher) {
    launcher.ariaExpanded = open;
    if (!open && within) launcher.focus();
  }
  root.host.dispatchEvent(new CustomEvent("bulle:" + (open ? "open" : "close"), { bubbles: true, detail: !open && within }));
}
