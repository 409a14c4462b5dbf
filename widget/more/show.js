// Shows what is not text: a picture on a canvas, a player for voice notes, a link to any other file, cards side by side.
// Called for every such message. Nothing but `connect-src` is needed: pictures come by fetch and `createImageBitmap`, sound by `decodeAudioData`.
import { bytes, button, clock, dress, fill, make } from "./dom.js";

const CSS = `
.theirs.media:has(.cards){max-width:100%}
.media>div{padding:0;background:none;border:0;color:var(--ink);max-width:100%}
.picture{display:block;border-radius:16px;overflow:hidden;line-height:0;background:var(--tint)}
.picture canvas{display:block;width:100%;height:auto}
.document{display:flex;align-items:center;gap:12px;padding:10px 14px;border:1px solid var(--line);border-radius:16px;color:inherit;text-decoration:none;white-space:normal}
.document:hover{background:var(--tint)}
.document::before{content:"";flex:none;width:32px;height:40px;background:var(--accent);clip-path:path("M4 0h16l8 8v28a4 4 0 0 1-4 4H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4Zm3 18v2h14v-2Zm0 6v2h14v-2Zm0 6v2h9v-2Z")}
.document span{min-width:0;overflow-wrap:anywhere;line-height:1.3}
.document small,.player small{display:block;padding:0}
.player{display:flex;align-items:center;gap:10px;width:240px;max-width:100%;box-sizing:border-box;padding:8px 14px 8px 8px;border-radius:24px;background:var(--tint)}
.player button{flex:none;width:36px;height:36px;padding:0;border:0;border-radius:50%;background:var(--accent);color:var(--on-accent);display:grid;place-items:center}
.player button::before{content:"";width:16px;height:16px;background:currentColor;clip-path:path("M3 1l11 7-11 7Z")}
.player.on button::before{clip-path:path("M3 1h3v14H3Zm7 0h3v14h-3Z")}
.player input{flex:1;min-width:0;height:24px;padding:0;accent-color:var(--accent)}
.player small{min-width:34px;font-variant-numeric:tabular-nums;text-align:end}
.cards{display:flex;gap:8px;overflow-x:auto;max-width:100%;padding-block-end:4px;scrollbar-width:thin;white-space:normal}
.cards:focus-visible{outline-offset:0}
.card{flex:0 0 220px;display:flex;flex-direction:column;border:1px solid var(--line);border-radius:16px;overflow:hidden}
.card:only-child{flex-basis:240px}
.card .picture{border-radius:0}
.card>div:not(.picture){padding:10px 14px;display:grid;gap:2px}
.card strong,.card p{margin:0;overflow-wrap:anywhere}
.card p{color:var(--soft);font-size:14px}
.card :is(button,a.act){display:block;padding:10px 14px;border:0;border-block-start:1px solid var(--line);background:none;color:var(--link,inherit);font-weight:600;font-size:14px;text-align:center;text-decoration:none}
.card :is(button,a.act):hover{background:var(--tint)}
.card .act:first-of-type{margin-block-start:auto}
@media(forced-colors:active){.document::before,.player button::before{forced-color-adjust:none;background:ButtonText}}
`;
// Wider pictures are scaled down before they are drawn: no bubble is wider, even on a screen with three dots for each pixel.
const WIDEST = 900;

export default (place, told) => {
  dress(place, "show", CSS);
  const shown = JSON.parse(told.json);
  const log = place.closest(".log");
  const wasAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  place.replaceChildren(Array.isArray(shown) ? cards(shown, told) : file(shown, told));
  if (wasAtEnd) log.scrollTop = log.scrollHeight;
};

const isPicture = file => /^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(file.media_type);
const isSound = file => file.media_type.startsWith("audio/");

const file = (file, told) => isPicture(file) ? picture(file, told) : isSound(file) ? player(file, told) : link(file, told);

const link = (file, { relay, texts, locale }) => make("a", {
  class: "document", href: relay + file.path, target: "_blank", rel: "noopener", download: file.name, "aria-label": fill(texts.download, file.name),
}, make("span", {}, file.name, make("small", {}, bytes(file.size, locale))));

// The room is taken before the picture is there, so that nothing moves.
const picture = (file, told, isLink = true) => {
  const canvas = make("canvas", { role: "img", "aria-label": fill(told.texts.picture, file.name), width: file.width || 320, height: file.height || 200 });
  const frame = isLink
    ? make("a", { class: "picture", href: told.relay + file.path, target: "_blank", rel: "noopener", "aria-label": fill(told.texts.picture, file.name) }, canvas)
    : make("div", { class: "picture" }, canvas);
  const draw = async () => {
    const blob = await (await get(told.relay + file.path)).blob();
    const first = await createImageBitmap(blob);
    const width = Math.min(first.width, WIDEST);
    const height = Math.max(1, Math.round(first.height * width / first.width));
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(first, 0, 0, width, height);
    first.close();
  };
  frame.style.width = Math.min(file.width || 320, 300) + "px";
  frame.style.maxWidth = "100%";
  // What cannot be drawn can be fetched still.
  draw().catch(() => isLink ? frame.replaceWith(link(file, told)) : frame.remove());
  return frame;
};

const get = async address => {
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) throw new Error(answer.status);
  return answer;
};

let playing;
const player = (file, told) => {
  const { texts } = told;
  let sound, context, source, began = 0, from = 0, timer;
  const length = () => sound?.duration ?? (file.duration_ms || 0) / 1000;
  const now = () => source ? Math.min(length(), from + context.currentTime - began) : from;
  const time = make("small", {}, clock(length()));
  const head = make("input", { type: "range", min: 0, max: 1000, value: 0, step: 10, "aria-label": texts.playhead });
  const press = button("", "", () => source ? halt() : start(), { "aria-label": texts.play });
  const box = make("div", { class: "player", role: "group", "aria-label": texts.voice_note }, press, head, time);
  // For the transcript.
  box.dataset.address = told.relay + file.path;
  const show = () => {
    head.value = length() ? now() / length() * 1000 : 0;
    head.setAttribute("aria-valuetext", clock(now()));
    time.textContent = clock(source || from ? now() : length());
    box.classList.toggle("on", !!source);
    press.setAttribute("aria-label", source ? texts.pause : texts.play);
  };
  const halt = () => {
    from = now();
    clearInterval(timer);
    if (source) {
      source.onended = null;
      source.stop();
      source = undefined;
    }
    if (from >= length()) from = 0;
    show();
  };
  const start = async () => {
    playing?.();
    playing = halt;
    context ??= new AudioContext();
    try {
      sound ??= await context.decodeAudioData(await (await get(told.relay + file.path)).arrayBuffer());
      await context.resume();
    } catch {
      box.replaceWith(make("span", {}, texts.no_sound, link(file, told)));
      return;
    }
    source = new AudioBufferSourceNode(context, { buffer: sound });
    source.connect(context.destination);
    source.onended = halt;
    began = context.currentTime;
    source.start(0, from);
    timer = setInterval(() => box.isConnected ? show() : halt(), 100);
    show();
  };
  head.addEventListener("input", () => {
    const wasOn = !!source;
    const to = head.value / 1000 * length();
    halt();
    from = to;
    wasOn ? start() : show();
  });
  return box;
};

const cards = (all, told) => make("div", { class: "cards", tabIndex: 0, role: "list" }, ...all.map(card => make("div", { class: "card", role: "listitem" },
  card.image && picture(card.image, told, false),
  make("div", {}, make("strong", {}, card.title), card.text && make("p", {}, card.text)),
  ...(card.buttons || []).map(({ label, url }) => /^https:\/\//.test(url || "")
    ? make("a", { class: "act", href: url, target: "_blank", rel: "noopener nofollow noreferrer" }, label)
    : url ? null : button("act", label, () => told.ask(["say", label]))),
)));
