// The console's service worker: the page that says that there is no network, and notifications while the console is closed. It keeps
// nothing of the console itself, so that a new version is there with the next load.

const KEPT = "bulle-offline-1";
const OFFLINE = ["/console/offline.html", "/console/offline.css", "/console/icon.svg"];

addEventListener("install", event => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then(kept => kept.addAll(OFFLINE)));
});

addEventListener("activate", event => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
  await clients.claim();
})()));

addEventListener("fetch", event => {
  const path = new URL(event.request.url).pathname;
  // Everything else goes its ordinary way.
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE[0])));
  else if (OFFLINE.includes(path)) event.respondWith(fetch(event.request).catch(() => caches.match(path)));
});

addEventListener("push", event => {
  const { title, body, open } = event.data?.json() ?? {};
  // Browsers want every push to be shown.
  event.waitUntil(registration.showNotification(title ?? "Bulle", {
    body, tag: open, renotify: !!open, icon: "/console/icon-192.png", badge: "/console/icon-192.png", data: { open },
  }));
});

addEventListener("notificationclick", event => {
  event.notification.close();
  const open = event.notification.data?.open;
  event.waitUntil((async () => {
    const [console] = await clients.matchAll({ type: "window" });
    if (!console) return clients.openWindow(open ? `/console/#chat=${open}` : "/console/");
    console.postMessage({ open });
    await console.focus();
  })());
});
