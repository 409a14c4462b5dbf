//! What comes up by POST for a stream of events that another relay sends: balancers need not bring both to the same one. It is asked for over
//! the bus, and the answer tells whether that relay has taken it. Without one the client opens another stream, where it is.

use std::time::Duration;

use async_nats::{Client, Request};
use bytes::Bytes;
use futures_util::StreamExt;
use shared::ids::NodeId;
use tokio_util::sync::CancellationToken;

/// How long an answer may take: a client that waits longer takes its stream for lost.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// Posts that are handed over at a time; each waits for its connection to take it.
const AT_A_TIME: usize = 256;

/// The way to the streams of other relays, and theirs to those here.
#[derive(Clone, Debug)]
pub struct Posts {
    client: Client,
    prefix: String,
}

impl Posts {
    pub(super) fn new(client: Client, prefix: String) -> Self {
        Self { client, prefix }
    }

    fn subject(&self, node: NodeId) -> String {
        format!("{}.post.{node}", self.prefix)
    }

    /// Hands one to another relay; its answer, if there is one.
    pub async fn forward(&self, node: NodeId, post: Bytes) -> Option<Bytes> {
        let request = Request::new().payload(post).timeout(Some(ANSWERED_WITHIN));
        match self.client.send_request(self.subject(node), request).await {
            Ok(answer) => Some(answer.payload),
            Err(error) => {
                tracing::debug!(%error, "what came up for a stream of another relay is not taken there");
                None
            }
        }
    }

    /// Takes those for this relay until it stops.
    pub async fn take<F: Future<Output = Bytes>>(self, node: NodeId, take: impl Fn(Bytes) -> F, stop: CancellationToken) {
        let all = match self.client.subscribe(self.subject(node)).await {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!(%error, "streams of events take only what comes up at this relay");
                return;
            }
        };
        let take_one = async |post: async_nats::Message| {
            let answer = take(post.payload).await;
            if let Some(to) = post.reply
                && let Err(error) = self.client.publish(to, answer).await
            {
                tracing::debug!(%error, "what came up is taken, and the answer is lost");
            }
        };
        all.take_until(stop.cancelled_owned()).for_each_concurrent(AT_A_TIME, take_one).await;
    }
}
