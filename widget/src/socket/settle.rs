//! What follows from the state once all was applied: the relay hears what was read and where the visitor is, storage, launcher and page what there is
//! to come back to.

use shared::frame::{PageView, Read};
use shared::visitor::ToRelay;

use super::{Inner, LIVE, READ};
use crate::browser::{self, now};
use crate::codec;
use crate::state::State;
use crate::tabs::Sight;
use crate::view::*;

impl Inner {
    /// After all was applied: read mark, badge and the loader's flag follow the state. Whether the link has work again.
    pub(super) fn settle(&mut self) -> bool {
        let (head, live, read_to) = self.state.with_untracked(|state| (state.head(), state.is_live(), state.read_to));
        // Until the relay has told, an earlier page's word stands: the loader and greetings on this one go by it.
        if self.told_live != live && (live || self.state.with_untracked(|state| state.welcomed)) {
            self.told_live = live;
            self.home.keep(LIVE, live.then_some("1"));
        }
        let visible = browser::is_visible();
        let page = self.home.page();
        let mut wrote = visible && page != self.told_page && self.link.send(ToRelay::Page(PageView { page: page.clone() }));
        if wrote {
            self.told_page = page;
        }
        if let Some((conversation, seq)) = head.filter(|&(_, seq)| seq > 0)
            && self.open.get_untracked()
            && visible
        {
            if seq > self.told_read && self.link.send(ToRelay::Read(Read { conversation, seq })) {
                self.told_read = seq;
                wrote = true;
            }
            if seq > read_to {
                self.state.update(|state| state.read_to = seq);
                self.home.keep(READ, Some(&[&codec::write_uuid(conversation.0), " ", &seq.to_string()].concat()));
            }
        }
        let unread = self.state.with_untracked(State::unread);
        let mut rings = false;
        if self.told_unread != unread {
            rings = unread > self.told_unread && self.state.with_untracked(|state| state.is_fresh(now()));
            self.told_unread = unread;
            let text = (unread > 0).then(|| unread.to_string());
            self.home.mark("data-unread", text.as_deref());
            // The badge is drawn; this is what is heard beside the launcher's name.
            self.home.mark("aria-description", text.as_deref());
            self.home.announce("unread", unread.into());
        }
        let (news, home) = (&mut self.news, &self.home);
        self.state.with_untracked(|state| news.tell(home, state));
        let sight = match (visible, self.open.get_untracked()) {
            (false, _) => Sight::Hidden,
            (true, false) => Sight::Page,
            (true, true) => Sight::Panel,
        };
        wrote |= self.tabs.see(now(), sight);
        if rings {
            self.tabs.ring(now());
        }
        wrote | rings
    }
}
