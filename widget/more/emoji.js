// The emoji: a light picker with groups, search by English names, and what was used last. Glyphs are the system's own.
import { dress, make } from "./dom.js";

const GROUPS = [
  "😀 grinning|😃 happy|😄 smile|😁 beaming|😆 laughing|😅 sweat smile|🤣 rolling laugh|😂 tears of joy|🙂 slight smile|🙃 upside down|😉 wink|😊 blush|😇 angel|🥰 in love hearts|😍 heart eyes|🤩 star struck|😘 kiss|😋 yummy|😛 tongue|😜 crazy wink|🤪 zany|🤑 money face|🤗 hug|🤭 giggle|🤫 quiet shush|🤔 thinking|🤐 zipper mouth|😐 neutral|😶 speechless|😏 smirk|😒 unamused|🙄 eye roll|😬 grimace|😌 relieved|😔 pensive sad|😪 sleepy|🤤 drool|😴 sleeping|😷 mask ill|🤒 fever ill|🤕 hurt|🤢 sick|🤧 sneeze|🥵 hot|🥶 cold|😵 dizzy|🤯 mind blown|🥳 party|😎 cool sunglasses|🤓 nerd|🧐 monocle|😕 confused|😟 worried|🙁 frown|😮 surprised|😲 astonished|😳 flushed|🥺 pleading|😨 fearful|😰 anxious|😢 cry|😭 sob|😱 scream|😖 confounded|😞 disappointed|😓 downcast sweat|😩 weary|😫 tired|🥱 yawn|😤 huffing|😡 angry red|😠 angry|🤬 swearing|😈 devil|💀 skull|💩 poo|🤡 clown|👻 ghost|👽 alien|🤖 robot|😺 cat smile|😻 cat love|🙈 see no evil|🙉 hear no evil|🙊 speak no evil",
  "👋 wave hello|✋ raised hand|🖖 vulcan|👌 ok|🤏 pinch|✌️ peace victory|🤞 fingers crossed|🤟 love you|🤘 rock|🤙 call me|👈 left|👉 right|👆 up|👇 down|👍 thumbs up yes|👎 thumbs down no|✊ fist|👊 punch|👏 clap|🙌 hooray|👐 open hands|🤲 palms|🤝 handshake deal|🙏 please thanks pray|✍️ write|💅 nails|💪 strong muscle|👂 ear|👀 eyes look|🧠 brain|👶 baby|🧒 child|👦 boy|👧 girl|🧑 person|👨 man|👩 woman|🧓 older|👴 old man|👵 old woman|🙅 no gesture|🙆 ok gesture|💁 tip info|🙋 raise hand|🤦 facepalm|🤷 shrug|👮 police|🕵️ detective|👷 worker|🤴 prince|👸 princess|🎅 santa|🦸 hero|🧙 mage|💆 massage|🚶 walk|🏃 run|💃 dance|👯 party dancers|👫 couple|👪 family|👣 footprints",
  "🐶 dog|🐱 cat|🐭 mouse|🐹 hamster|🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🐨 koala|🐯 tiger|🦁 lion|🐮 cow|🐷 pig|🐸 frog|🐵 monkey|🐔 chicken|🐧 penguin|🐦 bird|🦆 duck|🦉 owl|🐺 wolf|🐴 horse|🦄 unicorn|🐝 bee|🐛 bug|🦋 butterfly|🐌 snail|🐞 ladybird|🐢 turtle|🐍 snake|🐙 octopus|🐠 fish|🐬 dolphin|🐳 whale|🦈 shark|🐘 elephant|🦒 giraffe|🐑 sheep|🌵 cactus|🎄 christmas tree|🌲 tree|🌴 palm|🌱 seedling|🌿 herb|🍀 clover luck|🍁 maple leaf|🌷 tulip|🌹 rose|🌻 sunflower|🌸 blossom|🌍 earth world|🌙 moon|⭐ star|🌟 glowing star|✨ sparkles|⚡ lightning|🔥 fire|🌈 rainbow|☀️ sun|⛅ cloud sun|☁️ cloud|🌧️ rain|❄️ snow|⛄ snowman|💧 drop|🌊 wave sea",
  "🍏 green apple|🍎 apple|🍐 pear|🍊 orange|🍋 lemon|🍌 banana|🍉 melon|🍇 grapes|🍓 strawberry|🍒 cherries|🍑 peach|🥭 mango|🍍 pineapple|🥥 coconut|🥝 kiwi|🍅 tomato|🥑 avocado|🥦 broccoli|🥕 carrot|🌽 corn|🥔 potato|🥐 croissant|🍞 bread|🧀 cheese|🥚 egg|🥞 pancakes|🥓 bacon|🍔 burger|🍟 fries|🍕 pizza|🌭 hot dog|🥪 sandwich|🌮 taco|🥗 salad|🍝 pasta|🍜 noodles|🍣 sushi|🍚 rice|🍦 ice cream|🍰 cake|🎂 birthday cake|🧁 cupcake|🍫 chocolate|🍬 candy|🍭 lollipop|🍿 popcorn|🍩 doughnut|🍪 cookie|☕ coffee|🍵 tea|🥛 milk|🍺 beer|🍻 cheers beer|🥂 cheers|🍷 wine|🍸 cocktail|🍽️ plate meal",
  "⚽ football|🏀 basketball|🏈 american football|⚾ baseball|🎾 tennis|🏐 volleyball|🎱 billiards|🏓 table tennis|🏸 badminton|🥅 goal|⛳ golf|🎣 fishing|🥊 boxing|⛸️ skate|🎿 ski|🏄 surf|🏊 swim|🚴 bike|🏆 trophy|🥇 gold medal|🥈 silver medal|🥉 bronze medal|🎫 ticket|🎨 art|🎬 film|🎤 microphone sing|🎧 headphones|🎹 piano|🥁 drum|🎸 guitar|🎻 violin|🎲 dice|🎯 target|🎮 game|🧩 puzzle|🚗 car|🚕 taxi|🚌 bus|🚑 ambulance|🚒 fire engine|🚚 delivery truck|🚲 bicycle|🚂 train|✈️ plane|🚀 rocket|🚁 helicopter|⛵ boat|🚢 ship|⚓ anchor|🏠 house home|🏢 office|🏥 hospital|🏖️ beach|🏔️ mountain|🗺️ map",
  "⌚ watch|📱 phone|💻 laptop|⌨️ keyboard|🖨️ printer|📷 camera|🎥 video camera|📞 telephone|📺 tv|⏰ alarm clock|⌛ hourglass|🔋 battery|🔌 plug|💡 idea bulb|🔦 torch|💰 money|💵 dollar|💶 euro|💳 card|🧾 receipt|💎 gem|🔧 wrench|🔨 hammer|⚙️ gear settings|🧲 magnet|💊 pill|🚪 door|🛏️ bed|🛁 bath|🔑 key|🎁 gift present|🎈 balloon|🎉 party tada|🎊 confetti|✉️ letter mail|📧 email|📦 parcel package|📅 calendar|📈 chart up|📉 chart down|📋 clipboard|📌 pin|📎 paperclip|✂️ scissors|📝 memo note|✏️ pencil|🔍 search|🔒 lock|🔓 unlock|📚 books|👓 glasses|👕 shirt|👗 dress|👟 shoe|👜 bag|🛒 cart shopping|☂️ umbrella|💍 ring|👑 crown",
  "❤️ red heart love|🧡 orange heart|💛 yellow heart|💚 green heart|💙 blue heart|💜 purple heart|🖤 black heart|🤍 white heart|💔 broken heart|💕 two hearts|💯 hundred|💢 anger|💥 boom|💫 dizzy star|💬 speech|💭 thought|💤 sleep zzz|✅ check done|☑️ ticked|✔️ check mark|❌ cross no|❎ cross button|➕ plus|➖ minus|❓ question|❗ exclamation|‼️ double exclamation|⚠️ warning|🚫 forbidden|⛔ no entry|🆗 ok button|🆘 sos help|🆕 new|🔝 top|🔜 soon|🔙 back|➡️ arrow right|⬅️ arrow left|⬆️ arrow up|⬇️ arrow down|🔄 repeat|▶️ play|⏸️ pause|🔴 red circle|🟠 orange circle|🟡 yellow circle|🟢 green circle|🔵 blue circle|🟣 purple circle|⚫ black circle|⚪ white circle|🔔 bell|🔕 no bell|🎵 music note|♻️ recycle|™️ trademark|©️ copyright|🏁 finish flag|🚩 red flag|🏳️ white flag",
];
const TABS = "🕘😀👋🐶🍏⚽💡❤️";
const COLUMNS = 8;
const MOST_RECENT = 24;
const STORE = "bulle:emoji";
const CSS = `
.emojis{display:grid;gap:8px;padding:12px 12px 0;border-block-start:1px solid var(--line)}
.emojis~.tray~form,.tool:not(:empty)~form{border-block-start:0}
.emojis input{padding-block:6px}
.emojis .kinds{display:flex;justify-content:space-between}
.emojis button{width:36px;height:36px;padding:0;border:0;border-radius:8px;background:none;font-size:22px;line-height:36px;text-align:center}
.emojis .kinds button{font-size:18px;filter:grayscale(1);opacity:.7}
.emojis .kinds [aria-selected=true]{filter:none;opacity:1;background:var(--tint)}
.emojis button:hover{background:var(--tint)}
.emojis .grid{display:grid;grid-template-columns:repeat(8,1fr);justify-items:center;height:188px;overflow-y:auto;align-content:start;scrollbar-width:thin}
.emojis p{grid-column:1/-1;margin:24px 0;color:var(--soft);font-size:14px}
`;

const recent = () => {
  try { return JSON.parse(localStorage[STORE] || "[]"); } catch { return []; }
};
const remember = emoji => {
  try { localStorage[STORE] = JSON.stringify([emoji, ...recent().filter(other => other !== emoji)].slice(0, MOST_RECENT)); } catch { /* Storage is blocked: nothing is remembered. */ }
};
const parts = group => group.split("|").map(pair => [pair.slice(0, pair.indexOf(" ")), pair.slice(pair.indexOf(" ") + 1)]);

export default (place, told) => {
  const { texts, field } = told;
  dress(place, "emoji", CSS);
  const groups = GROUPS.map(parts);
  const names = new Map(groups.flat());
  const put = emoji => {
    remember(emoji);
    field.setRangeText(emoji, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const grid = make("div", { class: "grid", role: "group", "aria-label": texts.emoji });
  const show = found => {
    grid.replaceChildren(...found.map(([emoji, name], index) => make("button", {
      type: "button", "aria-label": name, title: name, tabIndex: index ? -1 : 0, on: () => put(emoji),
    }, emoji)));
    if (!found.length) grid.append(make("p", { role: "status" }, texts.no_emoji));
    grid.scrollTop = 0;
  };
  // One of many buttons is in the tab order; arrows go to the others.
  const move = (box, columns) => event => {
    const all = [...box.querySelectorAll("button")];
    const here = all.indexOf(box.getRootNode().activeElement);
    const forward = getComputedStyle(box).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: columns, ArrowUp: -columns, Home: -here, End: all.length - 1 - here }[event.key];
    const next = all[here + step];
    if (step === undefined || here < 0) return;
    event.preventDefault();
    if (!next) return event.key === "ArrowUp" && search.focus();
    all[here].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  grid.addEventListener("keydown", move(grid, COLUMNS));
  const search = make("input", { type: "search", placeholder: texts.find_emoji, "aria-label": texts.find_emoji, autocomplete: "off" });
  search.addEventListener("input", () => {
    const word = search.value.trim().toLowerCase();
    word ? show(groups.flat().filter(([, name]) => name.includes(word))) : choose(chosen);
  });
  search.addEventListener("keydown", event => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      grid.querySelector("button")?.focus();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      grid.querySelector("button")?.click();
    }
  });
  const tabs = [...new Intl.Segmenter().segment(TABS)].map(({ segment }, index) => make("button", {
    type: "button", role: "tab", "aria-label": texts.emoji_groups.split(",")[index], title: texts.emoji_groups.split(",")[index], on: () => choose(index),
  }, segment));
  const kinds = make("div", { class: "kinds", role: "tablist", "aria-label": texts.emoji }, ...tabs);
  kinds.addEventListener("keydown", move(kinds, tabs.length));
  let chosen = 0;
  const choose = index => {
    chosen = index;
    search.value = "";
    tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === index));
      tab.tabIndex = other === index ? 0 : -1;
    });
    show(index ? groups[index - 1] : recent().map(emoji => [emoji, names.get(emoji) || emoji]));
  };
  place.append(make("div", { class: "emojis", role: "group", "aria-label": texts.emoji }, search, kinds, grid));
  choose(recent().length ? 0 : 1);
  search.focus();
};
