// All that this app knows of the chat. Calls before the script has come are kept in `q`, and it works them off.
const RELAY = import.meta.env.VITE_RELAY ?? "http://127.0.0.1:8080";
const SITE = import.meta.env.VITE_SITE ?? "demo";

export function loadChat() {
  window.Bulle ??= (...call) => (window.Bulle.q ??= []).push(call);
  const script = document.createElement("script");
  script.async = true;
  script.src = `${RELAY}/bulle.js?site=${SITE}`;
  document.head.append(script);
}

export const openChat = () => window.Bulle("open");

// The address changes without a load; the title that goes with it is set by React a moment later.
export const pageChanged = () => window.Bulle("update");

// Our own server vouches for the person: agents see who it is, and the conversation is there on every device.
export async function signedIn(name) {
  const answer = await fetch("/identity", { method: "POST", body: name });
  window.Bulle("identify", await answer.json());
}

// The next person on this browser finds nothing, and a bubble of their own.
export async function signedOut() {
  await window.Bulle("shutdown");
  window.Bulle("boot");
}
