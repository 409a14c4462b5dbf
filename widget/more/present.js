// Tells the relay that somebody is on the page, for sites that want to know. Only their /bulle.js imports this, once its launcher stands, and so not
// before a consent that was asked for:
//   watch(host, key)
// `host` is the launcher's element; when it leaves the page, this ends. Every half minute, and on another page, one small request; the answer may hold an agent's
// invitation, which shows as greetings do. What names the tab is random, lives in memory alone, and is another one on the next page. Its budget is 2 KB (brotli).
const EVERY = 30_000, LOOK = 5_000;

export const watch = (host, key) => {
  const root = host.shadowRoot, site = window.Bulle?.sites?.[key], name = "bulle:" + key + ":";
  if (!root || !site || !host.isConnected) return;
  const { settings } = site;
  let id = "", url, last = 0, invited, away, timer;
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) id += (byte + 256).toString(16).slice(1);

  const chats = () => {
    try { return !!localStorage[name + "live"]; } catch { return false; /* Blocked: nobody is known. */ }
  };
  const tell = async more => {
    last = Date.now();
    url = location.href;
    const page = { url, title: document.title, referrer: document.referrer };
    const body = JSON.stringify({ site: key, id, page, locale: navigator.language, chatting: chats(), ...more });
    try {
      // Plain text, so that the browser need not ask first.
      const answer = await fetch(settings.relay + "/present", { method: "POST", keepalive: true, credentials: "omit", body });
      const { invite } = await answer.json();
      if (invite && timer) show(invite);
    } catch { /* The next one. */ }
  };

  const show = async invite => {
    if (invited == invite.id || chats() || host.hidden || root.getElementById("greet")) return;
    invited = invite.id;
    const { bubble } = await import("./greet.js");
    if (!timer) return;
    away = bubble(root, settings, invite.text, () => {
      // Without storage the chat begins without the agent's words.
      try { sessionStorage[name + "greeting"] = invite.id + "\n" + invite.text; } catch { /* Blocked. */ }
      site.open();
    }, () => {
      away();
      tell({ declined: invite.id });
    });
  };

  const look = () => document.hidden || (Date.now() - last < EVERY && url == location.href) || tell();
  const again = event => {
    if (event.persisted) last = 0;
    look();
  };
  const leave = () => tell({ gone: true });
  const open = () => away?.();
  const stop = () => {
    timer = clearInterval(timer);
    watcher.disconnect();
    document.removeEventListener("visibilitychange", look);
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", again);
    host.removeEventListener("bulle:open", open);
    open();
  };
  // Shutting down empties the root.
  const watcher = new MutationObserver(() => host.isConnected || stop());
  watcher.observe(root, { childList: true });
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", again);
  host.addEventListener("bulle:open", open);
  timer = setInterval(look, LOOK);
  look();
};
