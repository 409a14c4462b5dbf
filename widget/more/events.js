// Where WebSockets do not pass: finds out that it is so, then carries the same frames by server-sent events down and by POST up. Called by
// `bulleSocket` (glue.js) with what stands for the socket there; it looks and behaves like a WebSocket to whoever holds it.
//
//   connect(socket, url, place, passed): `place` names a note in the tab's storage, `passed` is called when a WebSocket opens after all

// How long the note counts. After that the next connection tries a WebSocket again: the visitor may be in another network.
const NOTED = 10 * 60_000;
// What a WebSocket gets to open once an ordinary request was answered: a fixed time, and this many times as long as that took.
const LEAST = 2_000;
const TIMES = 3;

export const connect = async (socket, url, place, passed) => {
  // Given up before this module had come.
  if (!socket.onclose) return;
  const address = "http" + url.slice(2).replace("/ws/", "/sse/");
  const cut = new AbortController();
  const { signal } = cut;
  socket.close = () => cut.abort();
  const tell = event => socket["on" + event.type]?.(event);
  const realm = untouched();
  const request = (at, method, body) => realm.fetch(at, { method, body, signal, cache: "no-store", credentials: "omit" });

  const end = code => {
    cut.abort();
    realm.close();
    tell(new CloseEvent("close", { code }));
    // Only the first end counts.
    socket.onclose = null;
  };

  // One after the other: the order of frames is theirs.
  const frames = [];
  let posting;
  const post = async to => {
    if (posting) return;
    posting = true;
    try {
      while (frames.length) if (!(await request(to, "POST", frames.shift())).ok) throw 0;
      posting = false;
    } catch {
      end(1006);
    }
  };

  let opened;
  const take = (name, data) => {
    if (name == "stream") {
      const to = address.replace("?", "/" + data + "?");
      socket.send = frame => {
        frames.push(frame);
        post(to);
      };
      opened = true;
      note(place, Date.now());
      tell(new Event("open"));
    } else if (name == "ping") socket.send("");
    else if (name == "close") end(+data);
    else tell(new MessageEvent("message", { data }));
  };

  try {
    if (!(Date.now() - noted(place) < NOTED)) {
      const began = performance.now();
      // Whether the relay can be reached at all: where it cannot, WebSockets are not to blame.
      await request(import.meta.url, "HEAD");
      const web = await tried(url, LEAST + TIMES * (performance.now() - began), signal);
      if (web) {
        realm.close();
        note(place);
        passed();
        socket.send = text => web.send(text);
        socket.close = () => web.close();
        web.onmessage = web.onclose = tell;
        return tell(new Event("open"));
      }
    }
    const answer = await request(address + "&protocol=bulle.v1", "POST");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ;) {
      const { done, value } = await reader.read();
      if (done) break;
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) {
        const named = event.startsWith("event: ") && event.indexOf("\n");
        take(named ? event.slice(7, named) : "", event.slice(named ? named + 7 : 6));
      }
    }
  } catch { /* Broken off, or given up by whoever holds the socket. */ }
  // Perhaps the visitor is in another network by now.
  if (!opened) note(place);
  end(1006);
};

// A WebSocket that has opened in time, or nothing.
const tried = (url, within, signal) => new Promise(resolve => {
  const web = new WebSocket(url, "bulle.v1");
  const give = () => {
    web.onopen = web.onclose = null;
    web.close();
    resolve();
  };
  web.onopen = () => {
    clearTimeout(timer);
    resolve(web);
  };
  web.onclose = give;
  signal.onabort = give;
  const timer = setTimeout(give, within);
});

// What pages replace (API clients, mocks, monitors) may keep answers until they are whole; the `fetch` of an empty frame of our own is as it was.
const untouched = () => {
  if (/\[native code\]/.test(Function.prototype.toString.call(window.fetch))) return { fetch: (...rest) => fetch(...rest), close() {} };
  const frame = document.createElement("iframe");
  frame.hidden = true;
  document.documentElement.append(frame);
  return { fetch: (...rest) => frame.contentWindow.fetch(...rest), close: () => frame.remove() };
};

const noted = place => {
  try {
    return sessionStorage[place];
  } catch { /* Blocked: found out anew each time. */ }
};

const note = (place, at) => {
  try {
    if (at) sessionStorage[place] = at;
    else delete sessionStorage[place];
  } catch { /* As above. */ }
};
