// What tells of messages while the panel does not show them: a word for screen readers, the page's title, and where this tab is the one that
// rings, a sound and a notification. Called by `unread.rs` with every change: { count, rings, name, text }.
// The title is the page's: one that the page sets meanwhile wins, and the one that stood there comes back as it was.
import { fill } from "./dom.js";

let theirs, ours, context;

const title = count => {
  const element = document.querySelector("head title");
  if (!element) return;
  if (element.textContent != ours) theirs = element.textContent;
  else if (!count) element.textContent = theirs;
  ours = count ? `(${count}) ${theirs.trim()}` : undefined;
  if (count) element.textContent = ours;
};

// Two soft notes. Browsers allow it where the visitor has clicked; asking anyway would be noted on the console.
const sound = () => {
  if (!window.AudioContext || navigator.userActivation?.hasBeenActive == false) return;
  context ||= new AudioContext();
  [660, 880].forEach((pitch, index) => {
    const at = context.currentTime + index * 0.12;
    const note = context.createOscillator();
    const volume = context.createGain();
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
    note.connect(volume).connect(context.destination);
    note.start(at);
    note.stop(at + 0.3);
  });
};

// Only where the page has the permission already, and nobody looks at it.
const notify = (name, text) => {
  if (!document.hidden || window.Notification?.permission != "granted") return;
  try {
    const notification = new Notification(name, { body: text, tag: "bulle" });
    notification.onclick = () => {
      focus();
      notification.close();
    };
  } catch { /* Android has them only for service workers. */ }
};

export default (status, { json, texts }) => {
  const { count, rings, name, text } = JSON.parse(json);
  title(count);
  status.textContent = count ? fill(texts.unread, count) : "";
  if (rings) {
    sound();
    notify(name, text);
  }
};
