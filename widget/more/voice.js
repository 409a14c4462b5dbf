// Records a voice note: record, stop, listen, send or cancel; two minutes at most. What was recorded goes the way of every file (`files.js`).
import { button, clock, dress, make, whenGone } from "./dom.js";
import { upload } from "./files.js";

const CSS = `
.recorder{display:flex;align-items:center;gap:8px;margin:12px 12px 0;padding:8px;border-radius:24px;background:var(--tint);font-size:14px}
.recorder span{flex:1;min-width:0;display:flex;align-items:center;gap:8px;padding-inline-start:8px}
.recorder time{font-variant-numeric:tabular-nums}
.recorder i{flex:none;width:10px;height:10px;border-radius:50%;background:var(--bad);box-shadow:0 0 0 calc(var(--level,0)*8px) color-mix(in srgb,var(--bad),transparent 75%)}
.recorder.done i{background:var(--soft)}
.recorder :is(.main,.plain){padding:6px 14px}
.recorder .plain{background:var(--paper)}
.recorder.bad{border-radius:12px;color:var(--bad)}
`;
const LONGEST_MS = 120_000;
// The first that the browser can write; every engine can read what it writes itself, and most the others'.
const FORMS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

export default async (place, told) => {
  const { texts, ask } = told;
  dress(place, "voice", CSS);
  const box = make("div", { class: "recorder", role: "group", "aria-label": texts.voice_note });
  place.append(box);
  const cancel = () => button("plain", texts.cancel, () => ask(["done"]));
  let stream, recorder, context;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const type = FORMS.find(form => MediaRecorder.isTypeSupported(form));
    recorder = new MediaRecorder(stream, type ? { mimeType: type } : undefined);
    context = new AudioContext();
  } catch (error) {
    // A browser that gives the microphone and cannot record leaves it on otherwise.
    stream?.getTracks().forEach(track => track.stop());
    box.className = "recorder bad";
    const message = make("span", { role: "alert" }, error.name === "NotFoundError" ? texts.no_microphone : texts.denied);
    const close = cancel();
    box.append(message, close);
    close.focus();
    return;
  }
  const chunks = [];
  const meter = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Uint8Array(meter.fftSize);
  const time = make("time", { role: "timer" }, clock(0));
  const stop = button("main", texts.stop, () => recorder.state === "recording" && recorder.stop());
  const began = performance.now();
  let length = 0, source;
  const tick = () => {
    length = Math.min(LONGEST_MS, performance.now() - began);
    time.textContent = clock(length / 1000);
    meter.getByteTimeDomainData(samples);
    box.style.setProperty("--level", samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0) / 128);
    if (length >= LONGEST_MS) recorder.stop();
  };
  const timer = setInterval(() => recorder.state === "recording" && tick(), 100);
  const silence = () => {
    clearInterval(timer);
    stream.getTracks().forEach(track => track.stop());
  };
  const end = () => {
    if (recorder.state === "recording") {
      recorder.onstop = null;
      recorder.stop();
    }
    silence();
    source?.stop();
    context.close();
  };
  recorder.ondataavailable = event => event.data.size && chunks.push(event.data);
  recorder.onstop = () => {
    silence();
    const recording = new Blob(chunks, { type: (recorder.mimeType || "audio/webm").split(";")[0] });
    const listen = button("plain", texts.play, async () => {
      if (source) {
        source.stop();
        return;
      }
      const sound = await context.decodeAudioData(await recording.arrayBuffer());
      source = new AudioBufferSourceNode(context, { buffer: sound });
      source.connect(context.destination);
      listen.textContent = texts.pause;
      source.onended = () => {
        source = undefined;
        listen.textContent = texts.play;
      };
      source.start();
    });
    const send = button("main", texts.submit, () => {
      const suffix = recording.type.split("/")[1].replace("mpeg", "mp3");
      const tray = place.parentElement.querySelector(".tray");
      upload(tray, told, recording, "voice." + suffix, length);
      ask(["done"]);
    });
    box.className = "recorder done";
    box.replaceChildren(make("span", {}, make("i", { "aria-hidden": "true" }), time), listen, cancel(), send);
    send.focus();
  };
  box.append(make("span", {}, make("i", { "aria-hidden": "true" }), make("span", { role: "status" }, texts.recording), time), cancel(), stop);
  whenGone(place, box, end);
  if (!box.isConnected) {
    end();
    return;
  }
  recorder.start();
  stop.focus();
};
