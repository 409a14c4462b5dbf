// How the console makes itself noticed: sound, desktop notifications, the badge on its icon, Web Push, and which of its tabs does it.
// Whether anything is to be told at all is decided in src/notices.rs. Loaded by boot.js when it is first wanted.

// Up to which seq of each conversation somebody was told, or has read: here or in another tab.
const settled = new Map();
// Desktop notifications that may still be shown, by conversation.
const shown = new Map();
const channel = new BroadcastChannel("bulle.notices");

const settle = (talk, seq) => settled.set(talk, Math.max(seq, settled.get(talk) ?? -1));
const close = async talk => {
  shown.get(talk)?.close();
  shown.delete(talk);
  const worker = await navigator.serviceWorker?.getRegistration("/console/");
  for (const notification of await worker?.getNotifications({ tag: talk }) ?? []) notification.close();
};

channel.onmessage = ({ data: { talk, seq, read } }) => {
  settle(talk, seq);
  if (!read) return;
  close(talk);
  dispatchEvent(new CustomEvent("bulle-read", { detail: talk + " " + seq }));
};

// A conversation was read up to there in this tab: no other tab has to tell of it any more.
export const read = (talk, seq) => {
  settle(talk, seq);
  channel.postMessage({ talk, seq, read: true });
  close(talk);
};

// Whether this tab is the one that tells of it. A tab that nobody has touched yet may play no sound: it lets others go first.
export const claim = async (talk, seq) => {
  if (navigator.userActivation?.hasBeenActive === false) await new Promise(done => setTimeout(done, 300));
  if (settled.get(talk) >= seq) return false;
  // Tabs that ask in the same moment find the lock taken; those that come later have heard of it by then.
  return new Promise(answer => navigator.locks.request(`bulle.notice.${talk}.${seq}`, { ifAvailable: true }, lock => {
    answer(!!lock);
    if (!lock) return;
    settle(talk, seq);
    channel.postMessage({ talk, seq });
    return new Promise(done => setTimeout(done, 5_000));
  }));
};

let audio;
// Two soft notes.
export const ring = async () => {
  audio ??= new AudioContext();
  // Without a click or key before, browsers keep it silent.
  if (audio.state === "suspended") await Promise.race([audio.resume(), new Promise(done => setTimeout(done, 500))]);
  if (audio.state === "suspended") return false;
  for (const [start, frequency] of [[0, 740], [.14, 988]]) {
    const [note, volume] = [audio.createOscillator(), audio.createGain()];
    const from = audio.currentTime + start;
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(.16, from + .02);
    volume.gain.exponentialRampToValueAtTime(.001, from + .4);
    note.connect(volume).connect(audio.destination);
    note.start(from);
    note.stop(from + .42);
  }
  return true;
};

// A desktop notification. A click leads to the conversation.
export const show = async (talk, title, body) => {
  if (globalThis.Notification?.permission !== "granted") return;
  const about = { body, tag: talk, renotify: true, icon: "/console/icon-192.png", data: { open: talk } };
  try {
    const notification = new Notification(title, about);
    shown.set(talk, notification);
    notification.onclick = () => {
      focus();
      notification.close();
      dispatchEvent(new CustomEvent("bulle-open", { detail: talk }));
    };
  } catch {
    // Phones show those of a worker alone.
    await (await navigator.serviceWorker.getRegistration("/console/"))?.showNotification(title, about);
  }
};

// The number on the icon of the tab, and of the installed app.
export const badge = count => {
  const icon = document.querySelector("link[rel=icon]");
  const set = count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
  set?.catch(() => {});
  if (!count) {
    icon.href = "/console/icon.svg";
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = "#2f5bd7";
  pen.fill(new Path2D("M16 3C8 3 2 8 2 15c0 4 2 7 5 9l-1 5 6-3c1 .6 3 1 4 1 8 0 14-5 14-12S24 3 16 3z"));
  pen.fillStyle = "#b3261e";
  pen.beginPath();
  pen.arc(22, 22, 10, 0, 7);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = "700 14px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(count > 9 ? "9+" : count, 22, 23);
  icon.href = canvas.toDataURL();
};

// What this browser lets the console do: its permission, and whether it knows Web Push.
export const standing = () => `${globalThis.Notification?.permission ?? "missing"} ${"PushManager" in globalThis && "serviceWorker" in navigator}`;

// Asks for the permission; only ever because a button was pressed.
export const ask = async () => (await Notification.requestPermission(), standing());

// Subscribes this browser to the relay's notifications, by the relay's public key.
export const subscribe = async key => {
  const worker = await navigator.serviceWorker.ready;
  const text = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  const wish = { userVisibleOnly: true, applicationServerKey: Uint8Array.from(text, letter => letter.charCodeAt(0)) };
  let subscription;
  try {
    subscription = await worker.pushManager.subscribe(wish);
  } catch (error) {
    // One for another key, of another relay at this address.
    const former = await worker.pushManager.getSubscription();
    if (!former) throw error;
    await former.unsubscribe();
    subscription = await worker.pushManager.subscribe(wish);
  }
  const { endpoint, keys } = subscription.toJSON();
  return JSON.stringify({ endpoint, p256dh: keys.p256dh, auth: keys.auth });
};

// Ends that.
export const unsubscribe = async () => {
  const worker = await navigator.serviceWorker?.getRegistration("/console/");
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
};
