//! The relay's side of the simulation: what the model relay does with the frames of a wire, how late it does it, and what the bus
//! makes of a commit.

use shared::close::ErrorCode;
use shared::frame::{Backfill, ErrorFrame};
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::model::{Say, Seen};
use shared::{agent, visitor};

use super::{Event, World};
use crate::network::Wire;
use crate::relay::{Author, DOOMED};

impl World {
    /// The relay's session: a frame of this wire has arrived.
    pub(super) fn answer(&mut self, wire: usize, text: &str) {
        match sort(self.wires[wire].author, text) {
            Asked::Hello(token, seen) => {
                assert_eq!(token, self.wires[wire].author.token());
                self.greet(wire, seen);
            }
            Asked::Say(say) => {
                if self.foul && self.chance.percent(25) {
                    let pauses = [None, Some(0), Some(-5), Some(300), Some(5_000), Some(Millis::MAX)];
                    let pause = pauses[self.chance.below(6) as usize];
                    self.refuse(wire, Some(say.id), ErrorCode::RateLimited, pause);
                } else if say.text.starts_with(DOOMED) {
                    self.refuse(wire, Some(say.id), ErrorCode::EmptyText, None);
                } else {
                    self.plan(self.now + 2, Event::Commit(wire, say, self.relay_life));
                }
            }
            Asked::Backfill(_) if self.foul && self.chance.percent(10) => {
                self.refuse(wire, None, ErrorCode::StoreUnavailable, Some(1_000));
            }
            Asked::Backfill(backfill) => self.plan_page(wire, backfill),
            Asked::Ping => {
                let pong = self.relay.pong(self.wires[wire].author, self.now);
                self.send_down(wire, pong);
            }
        }
    }

    fn greet(&mut self, wire: usize, seen: Vec<Seen>) {
        assert!(!self.wires[wire].greeted, "hello twice");
        self.wires[wire].greeted = true;
        let author = self.wires[wire].author;
        self.send_down(wire, self.relay.welcome(author, self.now));
        let mut asked = seen;
        if let Author::Visitor(_) = author {
            for conversation in self.relay.conversations_of(author) {
                if asked.iter().all(|seen| seen.conversation != conversation) {
                    asked.push(Seen { conversation, seq: 0 });
                }
            }
        }
        for Seen { conversation, seq } in asked {
            self.plan_page(wire, Backfill { conversation, after: seq });
        }
    }

    fn plan_page(&mut self, wire: usize, backfill: Backfill) {
        let at = self.now + self.slowness();
        self.plan(at, Event::ReadPage(wire, backfill, self.relay_life));
    }

    fn refuse(&mut self, wire: usize, id: Option<MessageId>, code: ErrorCode, retry_after_ms: Option<Millis>) {
        let error = ErrorFrame { id, code, message: "no".into(), retry_after_ms };
        self.send_down(wire, visitor::FromRelay::Error(error).encode());
    }

    pub(super) fn commit(&mut self, wire: usize, say: &Say) {
        let (ack, new) = self.relay.append(self.wires[wire].author, say);
        self.send_down(wire, visitor::FromRelay::Ack(ack).encode());
        if new {
            self.publish(ack.conversation, ack.seq, Some(wire));
        }
    }

    /// The bus: to every greeted connection that may see it but the author's own, late, out of order, or never.
    pub(super) fn publish(&mut self, conversation: ConversationId, seq: Seq, own: Option<usize>) {
        for wire in 0..self.wires.len() {
            let Wire { author, at_relay, greeted, .. } = self.wires[wire];
            let concerned = self.relay.conversations_of(author).contains(&conversation);
            let visible = self.relay.record(conversation, seq).visible_to(author);
            if at_relay && greeted && concerned && visible && Some(wire) != own && !self.chance.percent(self.bus_loss) {
                let at = self.now + self.chance.below(6) as Millis;
                self.plan(at, Event::Live(wire, conversation, seq));
            }
        }
    }
}

enum Asked {
    Hello(String, Vec<Seen>),
    Say(Say),
    Backfill(Backfill),
    Ping,
}

fn sort(author: Author, text: &str) -> Asked {
    match author {
        Author::Visitor(_) => match visitor::ToRelay::decode(text).expect("links speak the protocol") {
            visitor::ToRelay::Hello(hello) => Asked::Hello(hello.token.unwrap_or_default(), hello.seen),
            visitor::ToRelay::Say(say) => Asked::Say(say),
            visitor::ToRelay::Backfill(backfill) => Asked::Backfill(backfill),
            visitor::ToRelay::Ping(_) => Asked::Ping,
            other => panic!("nobody told the link to send {other:?}"),
        },
        Author::Agent(_) => match agent::ToRelay::decode(text).expect("links speak the protocol") {
            agent::ToRelay::Hello(hello) => Asked::Hello(hello.token.unwrap_or_default(), hello.seen),
            agent::ToRelay::Say(say) => Asked::Say(say),
            agent::ToRelay::Backfill(backfill) => Asked::Backfill(backfill),
            agent::ToRelay::Ping(_) => Asked::Ping,
            other => panic!("nobody told the link to send {other:?}"),
        },
    }
}
