//! The simulated network: one connection with two streams of bytes that delay, break at any byte, or swallow everything.

use shared::ids::Millis;

use crate::relay::Author;

/// SplitMix64; the same seed gives the same weather.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Longest delay of one direction in fair weather.
const FAIR_DELAY: Millis = 120;

/// What happens to the stream when its bytes are used up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Break {
    /// Both ends hear of it.
    Cut,
    /// Nobody hears of it; the stream swallows everything from then on.
    Void,
}

/// One direction of a connection.
pub struct Stream {
    delay: Millis,
    /// Bytes that still pass.
    bytes: Option<usize>,
    /// When the last frame arrives; nothing overtakes it.
    pub last: Millis,
}

pub enum Passage {
    /// The frame is there at this time.
    At(Millis),
    /// The frame was cut in two: it is lost, and the stream ends.
    Broken,
}

impl Stream {
    pub fn carry(&mut self, now: Millis, text: &str) -> Passage {
        if let Some(bytes) = &mut self.bytes {
            match bytes.checked_sub(text.len()) {
                Some(rest) => *bytes = rest,
                None => {
                    *bytes = 0;
                    return Passage::Broken;
                }
            }
        }
        self.last = self.last.max(now + self.delay);
        Passage::At(self.last)
    }

    /// What has not broken yet will not, nor is it slow any more.
    pub fn clear_up(&mut self) {
        self.delay = self.delay.min(FAIR_DELAY);
        self.bytes = self.bytes.filter(|&bytes| bytes == 0);
    }

    /// Nothing passes any more.
    pub fn dry_up(&mut self) {
        self.bytes = Some(0);
    }

    /// When a goodbye after everything sent so far arrives.
    pub fn end(&self, now: Millis) -> Millis {
        self.last.max(now + self.delay)
    }
}

/// One connection. Both ends have their own idea of whether it lives.
pub struct Wire {
    pub client: usize,
    pub life: u32,
    pub socket: u32,
    pub author: Author,
    pub up: Stream,
    pub down: Stream,
    pub on_break: Break,
    /// Whether the client still holds its end.
    pub at_client: bool,
    /// Whether the relay still holds its end.
    pub at_relay: bool,
    pub greeted: bool,
}

impl Wire {
    /// A connection in fair or foul weather.
    pub fn new(client: usize, life: u32, socket: u32, author: Author, chance: &mut Chance, foul: bool) -> Self {
        let mut stream = |most_bytes: u64| {
            let slow = foul && chance.percent(15);
            let delay = if slow { 1_000 + chance.below(14_000) } else { 1 + chance.below(FAIR_DELAY as u64) } as Millis;
            let bytes = (foul && chance.percent(40)).then(|| chance.below(most_bytes) as usize);
            Stream { delay, bytes, last: 0 }
        };
        let (up, down) = (stream(1_500), stream(6_000));
        let on_break = if chance.percent(30) { Break::Void } else { Break::Cut };
        Self { client, life, socket, author, up, down, on_break, at_client: true, at_relay: true, greeted: false }
    }
}
