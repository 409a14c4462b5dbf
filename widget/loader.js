// What the script tag loads: draws the launcher and stops. Wasm, socket and storage writes begin when the visitor wants to chat.
//
// The relay serves this file followed by `(<settings>)`, so it has to stay one function expression without a semicolon:
//   settings = { key, relay, assets, color, side, locale, name, lang, open, greet, integrity }
// Every `data-*` attribute of the tag is laid over them. README.md beside this file tells what owners can set and call; what pages
// seldom need lies in `more/`. Panel and launcher share one shadow root and talk by `bulle:*` events on the host and by the commands
// that `mount` (`shell.js`) returned a function for; the panel also marks the launcher: `aria-expanded`, `data-unread`. Its budget is 2 KB (brotli) together with the settings.
// Pages replace parts of the browser: nothing here goes through `Promise`, `JSON` or methods of arrays.
(settings => {
  const { assets, key } = settings;
  const stub = window.Bulle;
  // Several scripts on a page share one API and one copy of the panel's code; `sites` tells a loader's API from a page's stub.
  const api = stub?.sites ? stub : (window.Bulle = async (name, ...rest) => {
    const listen = { on: "addEventListener", off: "removeEventListener" }[name];
    if (listen) document[listen]("bulle:" + rest[0], rest[1]);
    else for (const site in sites) return (sites[site][name] || (await import(assets + "api.js"))[name])(...rest, sites[site]);
  });
  const sites = (api.sites ||= { __proto__: null });
  if (sites[key]) return;

  // A module has no `currentScript`.
  const tag = document.currentScript || document.querySelector(`script[src*="site=${key}"],script[data-site]`);
  const host = document.createElement("bulle-chat");
  const root = host.attachShadow({ mode: "open" });
  const button = document.createElement("button");
  const sheet = new CSSStyleSheet();
  let attempt = 0, lives = 0, wanted, panel, notice;

  const say = (name, detail) => host.dispatchEvent(new CustomEvent("bulle:" + name, { bubbles: true, detail }));

  // Takes over settings, and draws what follows from them.
  const look = options => {
    Object.assign(settings, options);
    const { color, side, offsetX = 20, offsetY = 20 } = settings;
    const part = (at, weight) => weight * (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2;
    button.ariaLabel = settings.open || "Open chat";
    button.hidden = settings.launcher == "none";
    const looks = {
      accent: color,
      // Whichever of black and white reads better on the site's colour (WCAG relative luminance; both contrasts are equal at 0.18, and then
      // 4.6:1: beside any other dark there would be colours on which neither reads well).
      "on-accent": part(1, 0.2126) + part(3, 0.7152) + part(5, 0.0722) > 0.18 ? "#000" : "#fff",
      // `--left` or `--right`, for launcher and panel; launchers of several sites stand side by side.
      left: "auto",
      right: "auto",
      [side]: +offsetX + 72 * place + "px",
      bottom: +offsetY + "px",
      z: settings.zIndex || 2147483000,
    };
    for (const name in looks) host.style.setProperty("--" + name, looks[name]);
  };
  const place = Object.keys(sites).length;

  // Important, for once: there a shadow root's word counts more than the page's, whose rules for `*` would reach the host.
  sheet.replaceSync(
    ":host{all:initial!important;position:fixed!important;z-index:var(--z)!important;font:15px/1.4 system-ui,sans-serif!important}" +
    ":host([hidden]){display:none!important}" +
    "#bulle,#bulle~p{position:fixed;inset:auto var(--right) var(--bottom) var(--left);background:var(--accent);color:var(--on-accent);border:0}" +
    "#bulle{width:56px;height:56px;padding:0;border-radius:50%;cursor:pointer;box-shadow:0 4px 16px #0004}" +
    "#bulle:hover{filter:brightness(1.1)}" +
    // Two rings, one of which is seen on whatever page.
    "#bulle:focus-visible{outline:3px solid #000;box-shadow:0 0 0 6px #fff}" +
    "#bulle:before{content:'';position:absolute;inset:16px;background:var(--on-accent);border-radius:50% 50% 50% 4px}" +
    "#bulle[aria-busy=true]{opacity:.6}" +
    "#bulle~p{bottom:calc(var(--bottom) + 64px);margin:0;padding:12px 16px;border-radius:12px}" +
    "@media(forced-colors:active){#bulle{border:1px solid}#bulle:before{forced-color-adjust:none;background:ButtonText}}"
  );
  button.id = "bulle";
  button.ariaHasPopup = "dialog";
  button.ariaExpanded = false;

  // Code and wasm at once, one copy per page. A failed import stays failed under its address, hence the query.
  const load = () => {
    const again = attempt ? "?" + attempt : "";
    const fetched = async () => {
      // The smallest module there is: where the page's policy forbids WebAssembly, this is its one report, and a frame has to do.
      try {
        settings.mode || new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
      } catch {
        settings.mode = 1;
      }
      if (settings.mode) return (await import(assets + "frame.js" + again)).mount;
      const compile = async () => WebAssembly.compileStreaming(fetch(assets + "widget_bg.wasm", { integrity: settings.integrity }));
      const wasm = compile();
      // Told by the panel that waits for it.
      wasm.catch(() => {});
      return (await import(assets + "widget.js" + again)).ready(wasm, settings, forget);
    };
    const name = assets + settings.mode;
    // The next one tries again.
    const forget = error => {
      attempt++;
      delete api[name];
      throw error;
    };
    return api[name] ||= fetched().catch(forget);
  };

  // The panel's texts, beside its code; English is part of that. The site's language may be another one than the relay knew of.
  const learn = async () => {
    const lang = (settings.locale || settings.lang || "en").slice(0, 2);
    if (lang != "en" && settings.texts?.lang != lang) try {
      settings.texts = await (await fetch(assets + "texts/" + lang + ".json")).json();
      button.ariaLabel = settings.texts.loader_open;
    } catch { /* English. */ }
  };

  // Never in the middle of the panel's own work, from where its events come.
  const tell = async (name, value, to = panel) => {
    await 0;
    to?.([name, value]);
  };

  // `open`: true or false as the visitor wishes, nothing for a panel that knows by itself whether it was open.
  const start = async open => {
    const life = lives;
    wanted = open ?? wanted;
    // Not before the page has a body, nor without consent.
    if (!host.isConnected) return;
    notice?.remove();
    if (panel) return open == null || tell("open", open);
    button.ariaBusy = !!wanted;
    try {
      const learned = learn();
      const mount = await load();
      await learned;
      if (life != lives) return;
      // Two clicks may have waited for the same code.
      panel ? tell("open", wanted) : panel = mount(root, settings, wanted, fail);
    } catch {
      if (life == lives) fail();
    }
    button.ariaBusy = false;
  };
  const fail = () => {
    panel = null;
    say("error", { code: "load" });
    if (!wanted) return;
    notice = document.createElement("p");
    notice.role = "alert";
    notice.textContent = settings.texts?.loader_failed || "Chat not loaded. Try again.";
    root.append(notice);
  };

  // The panel says on the launcher whether it is open.
  const toggle = () => start(button.ariaExpanded != "true");
  // The second click of a double click does not close again, nor take the focus back.
  button.onclick = event => event.detail > 1 || toggle();
  button.onmousedown = event => event.detail > 1 && event.preventDefault();
  // Whoever reaches for the launcher finds everything loaded; a failure is told when they press it.
  button.onpointerenter = button.onfocus = () => load(learn()).catch(() => {});
  const begin = () => {
    if (host.isConnected) return;
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(button);
    document.documentElement.append(host);
    // Above everything on the page, whatever its layers and transforms, unless it has set a layer itself.
    if (!settings.zIndex) {
      host.popover = "manual";
      host.showPopover?.();
    }
    // What was called before this script came.
    for (const command of (stub?.q || []).splice(0)) api(...command);
    say("ready");
    if (wanted) start();
    (window.requestIdleCallback || setTimeout)(async () => {
      try {
        // Set by the panel while there is a conversation that is not closed.
        if (localStorage["bulle:" + key + ":live"]) start();
        if (settings.greet) (await import(assets + "greet.js")).greet(root, settings, start);
      } catch { /* Storage is blocked: the panel waits for a click. Or greetings did not load, without which a page lacks nothing. */ }
    });
  };
  // Nothing stays for the next person: neither on the page nor in storage.
  const end = async () => {
    const last = panel;
    lives++;
    panel = wanted = settings.identity = null;
    button.ariaExpanded = button.ariaBusy = false;
    host.remove();
    root.replaceChildren();
    await tell("stop", 0, last);
    try {
      for (const store of [localStorage, sessionStorage]) for (const name in store) if (name.startsWith("bulle:" + key + ":")) delete store[name];
    } catch { /* Blocked, and so empty. */ }
  };

  // What this script does itself, and what `api.js` needs for the rest: `boot`, `identify`, `send`, `update`.
  sites[key] = {
    settings, look, begin, start, tell, toggle,
    open: () => start(true),
    close: () => panel && start(false),
    show: () => host.hidden = false,
    hide: () => host.hidden = true,
    consent: given => given ? begin() : end(),
    shutdown: end,
  };
  look(tag?.dataset);
  if (settings.consent == "required") {
    for (const command of stub?.q || []) if (command[0] == "consent") api(...command);
  } else document.body ? begin() : addEventListener("DOMContentLoaded", begin, { once: true });
})
