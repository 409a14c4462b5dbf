//! Bodies about notifications: how a browser subscribes to those that come while no console is open (Web Push, RFC 8030), what for, and
//! the hours in which there are none. The console goes by the same hours for what it shows and plays itself.

use serde::{Deserialize, Serialize};

use crate::model::{is_false, wire};

/// Longest address of a push service, in bytes: those in use have some 200 to 600.
pub const MAX_ENDPOINT: usize = 2_048;
/// Most browsers of one agent that are notified; one more takes the place of the one that subscribed first.
pub const MOST_SUBSCRIPTIONS: u32 = 10;
/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

wire! {
    /// `GET /api/account/push`: what a browser needs to subscribe, and whether this session has.
    pub struct PushKey {
        /// The relay's public key (VAPID, RFC 8292): an uncompressed point of P-256 in base64url. It stays the same.
        pub key: String,
        /// Whether this session is notified.
        pub subscribed: bool,
    }

    /// `PUT /api/account/push` (204): notify this session's browser while the agent has no console open, in place of what it asked for
    /// before. It ends with the session, or with `DELETE /api/account/push` (204).
    pub struct PushSubscription {
        /// Where the browser's push service takes notifications: an https address that is not of a private network, of at most
        /// [`MAX_ENDPOINT`] bytes.
        pub endpoint: String,
        /// The browser's public key, in base64url.
        pub p256dh: String,
        /// The browser's secret, in base64url.
        pub auth: String,
        /// The language of the notifications: `en` or `fr`; `en` for others.
        pub language: String,
        /// The IANA time zone in which `quiet` counts; one that is unknown counts as UTC.
        pub time_zone: String,
        /// What for.
        pub wishes: Wishes,
        /// When there are none; left out: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub quiet: Option<Quiet>,
        /// Whether they show the beginning of what was written. It then passes through the push service, encrypted.
        #[serde(default, skip_serializing_if = "is_false")]
        pub shows_text: bool,
    }

    /// What an agent is notified of.
    #[derive(Copy)]
    pub struct Wishes {
        /// A chat was given to them.
        pub assigned: bool,
        /// A message in one of their chats.
        pub messages: bool,
        /// Somebody waits in the queue, or left a message for later.
        pub queue: bool,
        /// A colleague wants to hand a chat over.
        pub offers: bool,
    }

    /// Hours without notifications.
    pub struct Quiet {
        /// When they begin, in minutes after midnight.
        pub from: u16,
        /// When they end: before `from`, on the next day.
        pub until: u16,
        /// The days on which they begin: 1 is Monday, 7 is Sunday.
        pub days: Vec<u8>,
    }
}

impl Default for Wishes {
    fn default() -> Self {
        Self { assigned: true, messages: true, queue: false, offers: true }
    }
}

impl Quiet {
    /// Whether they can be meant so.
    pub fn is_proper(&self) -> bool {
        self.from < DAY_MINUTES
            && self.until < DAY_MINUTES
            && self.days.len() <= 7
            && self.days.iter().all(|day| (1..=7).contains(day))
    }

    /// Whether they hold at this minute of this day (1 is Monday). From and until the same minute is a whole day.
    pub fn hold(&self, day: u8, minute: u16) -> bool {
        let before = if day <= 1 { 7 } else { day - 1 };
        let begins = |day: u8| self.days.contains(&day);
        if self.from < self.until {
            begins(day) && (self.from..self.until).contains(&minute)
        } else {
            (begins(day) && minute >= self.from) || (begins(before) && minute < self.until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u16 = 60;

    #[test]
    fn hours_within_a_day() {
        let lunch = Quiet { from: 12 * HOUR, until: 13 * HOUR, days: vec![1, 2] };
        assert!(lunch.hold(1, 12 * HOUR) && lunch.hold(2, 13 * HOUR - 1));
        assert!(!lunch.hold(1, 12 * HOUR - 1) && !lunch.hold(1, 13 * HOUR) && !lunch.hold(3, 12 * HOUR));
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        let night = Quiet { from: 22 * HOUR, until: 7 * HOUR, days: vec![5, 7] };
        assert!(night.hold(5, 23 * HOUR) && night.hold(6, 6 * HOUR), "the night from Friday to Saturday");
        assert!(!night.hold(6, 22 * HOUR) && !night.hold(7, 6 * HOUR), "not the one from Saturday to Sunday");
        assert!(night.hold(1, 0), "Sunday's night ends on Monday");
        assert!(!night.hold(1, 7 * HOUR) && !night.hold(5, 21 * HOUR));
    }

    #[test]
    fn the_same_minute_twice_is_a_whole_day() {
        let sunday = Quiet { from: 0, until: 0, days: vec![7] };
        assert!(sunday.hold(7, 0) && sunday.hold(7, DAY_MINUTES - 1) && !sunday.hold(1, 0) && !sunday.hold(6, 12 * HOUR));
    }

    #[test]
    fn days_and_minutes_that_are_none_are_not_proper() {
        let proper = Quiet { from: 0, until: DAY_MINUTES - 1, days: vec![1, 7] };
        assert!(proper.is_proper());
        for wrong in [
            Quiet { from: DAY_MINUTES, ..proper.clone() },
            Quiet { until: DAY_MINUTES, ..proper.clone() },
            Quiet { days: vec![0], ..proper.clone() },
            Quiet { days: vec![8], ..proper.clone() },
            Quiet { days: vec![1; 8], ..proper.clone() },
        ] {
            assert!(!wrong.is_proper(), "{wrong:?}");
        }
    }
}
