//! What goes on beside the calls: learning who has what, looking whether all of it answers, hearing rings.

use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::{Pipeline, Value, cmd};
use tokio_stream::StreamExt as _;

use super::fabric::Fabric;
use super::keys::FIRST;
use super::layout::Layout;
use super::options::RedisOpenError;
use super::wire::{self, Told, bytes, unexpected};
use crate::crypto::Partition;
use crate::store::StoreError;

/// How often every primary is asked whether it still keeps what it is given; more often when a call fails.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Calls that fail ask for a look; this many are not more than one.
const LOOK_NO_SOONER: Duration = Duration::from_millis(50);

/// How long a primary may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(800);

/// Before another connection for rings is tried.
const LISTEN_AGAIN: Duration = Duration::from_millis(200);

/// How long after a hold was taken the engines that nobody heard have noticed it, beside what a call of theirs takes.
pub(super) const NOTICED_WITHIN: Duration = LOOK_EVERY.saturating_add(ANSWER_TIMEOUT).saturating_mul(2);

/// Looks after the fabric until nobody uses it; where it `serves`, for as long as nobody carries the store away or fills it.
pub(super) async fn keep(fabric: Weak<Fabric>, epoch: String, serves: bool) {
    loop {
        let Some(kept) = fabric.upgrade() else { return };
        let trouble = match kept.learn().await {
            Err(error) => Some(error.to_string()),
            Ok(()) => trouble(&kept, &epoch).await,
        };
        let trouble = trouble.or(if serves { held(&kept).await } else { None });
        kept.tell(trouble);
        tokio::time::sleep(LOOK_NO_SOONER).await;
        tokio::select! {
            () = kept.wake.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Why not everything can be used, if so.
async fn trouble(fabric: &Arc<Fabric>, epoch: &str) -> Option<String> {
    let layout = fabric.layout.load_full();
    match layout.orphans() {
        0 => {}
        orphans => return Some(format!("{orphans} of {} partitions have no server", Partition::COUNT)),
    }
    for (node, share) in layout.shares() {
        let Some(partition) = share.first() else { continue };
        let ask = cmd("HGET").arg(fabric.keys.meta(*partition)).arg("e").to_owned();
        let address = &node.address;
        match tokio::time::timeout(ANSWER_TIMEOUT, node.send(&ask, false, false)).await {
            Err(_) => {
                node.forget().await;
                return Some(format!("the Redis at {address} does not answer"));
            }
            Ok(Err(_)) => return Some(format!("the Redis at {address} does not answer as a primary")),
            Ok(Ok(value)) => match bytes(value) {
                Ok(Some(found)) if found == epoch.as_bytes() => {}
                _ => return Some(format!("{EMPTIED} (at {address})")),
            },
        }
    }
    None
}

/// Whether somebody carries the store away or fills it, or did. Engines that begin are kept from it; those that nobody heard, since
/// their subscription was broken, see it here.
async fn held(fabric: &Arc<Fabric>) -> Option<String> {
    // Where nobody can tell it is as it was, as far as anybody knows.
    if let Ok(why) = why_held(fabric).await {
        fabric.hold(why.as_ref());
    }
    fabric.is_free().err().map(|error| error.to_string())
}

async fn why_held(fabric: &Fabric) -> Result<Option<RedisOpenError>, StoreError> {
    let layout = fabric.layout.load_full();
    let node = layout.primary(FIRST).ok_or_else(unexpected)?;
    let mut ask = Pipeline::new();
    ask.cmd("GET").arg(fabric.keys.hold()).cmd("HMGET").arg(fabric.keys.meta(FIRST)).arg("c").arg("mv");
    let told = tokio::time::timeout(ANSWER_TIMEOUT, node.send_all(&ask, 2)).await.map_err(|_| unexpected())?;
    let [hold, fields] = <[Value; 2]>::try_from(told.map_err(|_| unexpected())?).map_err(|_| unexpected())?;
    let (hold, mut fields) = (bytes(hold)?, Told::list(fields)?);
    Ok(match (hold, fields.found()?, fields.found()?) {
        (Some(_), _, _) => Some(RedisOpenError::Held),
        (None, Some(_), _) => Some(RedisOpenError::HalfFilled),
        (None, None, Some(epoch)) => Some(RedisOpenError::Moved { epoch: wire::text(&epoch) }),
        (None, None, None) => None,
    })
}

/// What a server says whose keys are not those of the store that was opened.
pub(super) const EMPTIED: &str =
    "the Redis was emptied or replaced since this engine started: restore it, or start anew";

/// Hears rings until nobody uses the fabric. Tells once that it listens.
pub(super) async fn listen(fabric: Weak<Fabric>, listening: tokio::sync::oneshot::Sender<()>) {
    let mut listening = Some(listening);
    loop {
        let Some(kept) = fabric.upgrade() else { return };
        let (layout, channel) = (kept.layout.load_full(), kept.keys.rings());
        let rings = kept.rings.clone();
        drop(kept);
        if let Some(mut heard) = subscribed(&layout, &channel).await {
            // What rang while nobody listened is not known: all of it may have.
            for partition in Partition::all() {
                // Nobody may be listening.
                let _ = rings.send(partition);
            }
            if let Some(listening) = listening.take() {
                // Whoever opens may have given up.
                let _ = listening.send(());
            }
            let mut messages = heard.on_message();
            while let Some(message) = messages.next().await {
                let number = std::str::from_utf8(message.get_payload_bytes()).ok().and_then(|text| text.parse().ok());
                if let Some(partition) = number.and_then(Partition::new) {
                    let _ = rings.send(partition);
                }
            }
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// A connection to the first primary that takes one: what one of a cluster hears, all hear.
async fn subscribed(layout: &Layout, channel: &str) -> Option<redis::aio::PubSub> {
    for node in &layout.primaries {
        let Ok(mut heard) = node.listener().await else { continue };
        if heard.subscribe(channel).await.is_ok() {
            return Some(heard);
        }
    }
    None
}
