//! The search under way: what was asked, what came back, and how hits of one conversation come to stand together.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Found, Hit, HitMessage, SearchQuery};
use shared::model::Conversation;

use crate::rest::{self, RestError};

/// Answers without a hit that are asked on from by themselves: the relay looks at a bounded number of rows for each.
const ON_BY_ITSELF: usize = 8;

/// Where the search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The relay looks.
    Looking,
    /// It has answered.
    Done,
    /// It refused, or was not reached.
    Failed(RestError),
}

/// A conversation that was found, with the messages that were.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The conversation.
    pub conversation: Conversation,
    /// Its rating.
    pub rating: Option<u8>,
    /// What was found in it, the latest first.
    pub messages: Vec<HitMessage>,
}

/// See the module. Copies are the same search.
#[derive(Clone, Copy)]
pub struct Finding {
    /// What is looked for.
    pub query: RwSignal<SearchQuery>,
    /// What was found so far.
    pub groups: RwSignal<Vec<Group>>,
    /// Where to go on.
    pub next: RwSignal<Option<String>>,
    /// How it goes.
    pub stage: RwSignal<Stage>,
    /// Whether older messages are missing in the index.
    pub indexing: RwSignal<bool>,
    /// The conversation being read.
    pub open: RwSignal<Option<Conversation>>,
    /// Searches so far: an answer to an older one comes too late.
    turn: StoredValue<u32>,
}

impl Finding {
    /// Begins with everything, the latest first.
    pub fn start() -> Self {
        let finding = Self {
            query: RwSignal::default(),
            groups: RwSignal::default(),
            next: RwSignal::default(),
            stage: RwSignal::new(Stage::Looking),
            indexing: RwSignal::default(),
            open: RwSignal::default(),
            turn: StoredValue::new(0),
        };
        finding.search(SearchQuery::default());
        finding
    }

    /// Looks for something else.
    pub fn search(self, query: SearchQuery) {
        self.query.set(query);
        self.groups.set(Vec::new());
        self.next.set(None);
        self.more();
    }

    /// Goes on where the last answer ended.
    pub fn more(self) {
        let turn = self
            .turn
            .try_update_value(|turn| {
                *turn += 1;
                *turn
            })
            .unwrap_or_default();
        let (query, mut after) = (self.query.get_untracked(), self.next.get_untracked());
        self.stage.set(Stage::Looking);
        spawn_local(async move {
            for _ in 0..ON_BY_ITSELF {
                let answer = rest::search(&query, after.as_deref()).await;
                if self.turn.try_get_value() != Some(turn) {
                    return;
                }
                match answer {
                    Ok(Found { hits, next, indexing }) => {
                        let is_enough = !hits.is_empty() || next.is_none();
                        self.groups.update(|groups| add(groups, hits));
                        self.indexing.set(indexing);
                        self.next.set(next.clone());
                        after = next;
                        if is_enough {
                            break;
                        }
                    }
                    Err(error) => {
                        self.stage.set(Stage::Failed(error));
                        return;
                    }
                }
            }
            self.stage.set(Stage::Done);
        });
    }
}

/// Adds hits to those of their conversation, which stands where its latest one does.
fn add(groups: &mut Vec<Group>, hits: Vec<Hit>) {
    for Hit { conversation, rating, message } in hits {
        match groups.iter_mut().find(|group| group.conversation.id == conversation.id) {
            Some(group) => group.messages.extend(message),
            None => groups.push(Group { conversation, rating, messages: message.into_iter().collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::conversation;

    #[test]
    fn hits_of_one_conversation_stand_together() {
        let hit = |number, seq| Hit {
            conversation: conversation(number),
            rating: None,
            message: Some(HitMessage { seq, at: 0, internal: false, snippet: Vec::new() }),
        };
        let mut groups = Vec::new();
        add(&mut groups, vec![hit(1, 9), hit(2, 5), hit(1, 7)]);
        add(&mut groups, vec![hit(2, 4), hit(3, 1)]);
        let shown: Vec<Vec<u64>> =
            groups.iter().map(|group| group.messages.iter().map(|message| message.seq).collect()).collect();
        assert_eq!(shown, [vec![9, 7], vec![5, 4], vec![1]]);
    }
}
