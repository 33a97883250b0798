//! The servers, who of them has what, and whether all of it can be used now.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use redis::RedisError;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinSet;

use super::check::keeps;
use super::keys::Keys;
use super::layout::{Layout, Range, Seen, ask_cluster, ask_sentinel};
use super::node::{Node, Timing};
use super::options::{Address, RedisOpenError, RedisOptions, RedisPlace};
use crate::crypto::Partition;
use crate::store::StoreError;

/// Rings that a slow listener may be behind before it loses some. A ring is a hint.
const RINGS_KEPT: usize = 4_096;

/// Servers that are remembered: more than any cluster has, and those that were.
const NODES_MAX: usize = 4_096;

/// How long a server may take to say who is whose primary: one that hangs must not keep the others from being heard.
const ASK_TIMEOUT: Duration = Duration::from_millis(400);

/// The common ground of all calls.
pub(super) struct Fabric {
    pub(super) options: RedisOptions,
    pub(super) keys: Keys,
    pub(super) layout: ArcSwap<Layout>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    /// Why not everything can be used now.
    trouble: ArcSwapOption<String>,
    /// Why nothing is answered, where somebody carries the store away or fills it, or did.
    held: ArcSwapOption<String>,
    pub(super) wake: Notify,
    pub(super) rings: broadcast::Sender<Partition>,
    pub(super) waits: Waits,
}

/// What is waited for, counted: by how many now, and how often somebody began to while nobody did. Of one caller alone
/// that is how many waits followed each other.
#[derive(Default)]
pub(super) struct Waits {
    open: AtomicU64,
    begun: AtomicU64,
}

/// One who waits.
pub(super) struct Waiting<'a>(&'a Waits);

impl Waits {
    /// Begins to wait, until what is given is dropped.
    pub(super) fn begin(&self) -> Waiting<'_> {
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
        Waiting(self)
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Fabric {
    pub(super) fn new(options: RedisOptions) -> Self {
        let keys = Keys::new(&options.prefix);
        Self {
            options,
            keys,
            layout: ArcSwap::from_pointee(Layout::empty()),
            nodes: Mutex::default(),
            trouble: ArcSwapOption::empty(),
            held: ArcSwapOption::empty(),
            wake: Notify::new(),
            rings: broadcast::Sender::new(RINGS_KEPT),
            waits: Waits::default(),
        }
    }

    /// The server at an address.
    pub(super) fn node(&self, address: &Address) -> Result<Arc<Node>, RedisError> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(address) {
            return Ok(Arc::clone(node));
        }
        if nodes.len() >= NODES_MAX {
            nodes.clear();
        }
        let half = self.options.call_timeout / 2;
        let timing = Timing { command: self.options.call_timeout, proof: half };
        let connections = (self.options.durability.replicas(), self.options.connections);
        let node = Arc::new(Node::new(address.clone(), &self.options.login, timing, connections)?);
        nodes.insert(address.clone(), Arc::clone(&node));
        Ok(node)
    }

    /// Who has what, where everything has somebody: for who reads all of something.
    ///
    /// INVARIANT (fail-closed): a part that nobody has is not an empty one.
    pub(super) fn whole_layout(&self) -> Result<Arc<Layout>, StoreError> {
        let layout = self.layout.load_full();
        if layout.orphans() > 0 { Err(self.why_nobody()) } else { Ok(layout) }
    }

    /// Asks the keeper to look who has what, now.
    pub(super) fn look_again(&self) {
        self.wake.notify_one();
    }

    /// Learns who has what, and whether they may be entrusted with it: asked each time, since a server may be told
    /// something else while it runs, and begins with something else when it is started again.
    ///
    /// INVARIANT (fail-closed): who does not keep what it is given is given nothing.
    pub(super) async fn learn(&self) -> Result<(), RedisOpenError> {
        let found = match self.found().await {
            Err(error @ (RedisOpenError::Unsafe { .. } | RedisOpenError::NotPrimary { .. })) => {
                self.layout.store(Arc::new(Layout::empty()));
                return Err(error);
            }
            found => found?,
        };
        if !found.is_like(&self.layout.load()) {
            self.options.observer.moved();
            self.layout.store(Arc::new(found));
        }
        Ok(())
    }

    async fn found(&self) -> Result<Layout, RedisOpenError> {
        Ok(match &self.options.place {
            RedisPlace::Single(address) => Layout::single(self.trusted(address).await?),
            RedisPlace::Sentinel { sentinels, name } => {
                let primary = self.named_by_sentinels(sentinels, name).await?;
                Layout::single(self.trusted(&primary).await?)
            }
            RedisPlace::Cluster { seeds } => self.seen_of_cluster(seeds).await?,
        })
    }

    /// A primary that keeps what it is given.
    async fn trusted(&self, address: &Address) -> Result<Arc<Node>, RedisOpenError> {
        let node = self.node(address).map_err(|error| RedisOpenError::Unreachable(error.to_string()))?;
        let was_trusted = node.is_trusted.load(Ordering::Acquire);
        // Who opens waits; who goes on asks again in a moment, and must hear of the other servers.
        let opens = self.layout.load().primaries.is_empty();
        let patience = if opens { self.options.call_timeout } else { ASK_TIMEOUT };
        let kept = match tokio::time::timeout(patience, keeps(&node, &self.options.durability)).await {
            Ok(kept) => kept,
            Err(_) => Err(RedisOpenError::Unreachable(format!("{address} does not answer"))),
        };
        match kept {
            Ok(replicas) => {
                node.has_replicas(replicas);
                node.is_trusted.store(true, Ordering::Release);
                Ok(node)
            }
            // It does not say otherwise. Whoever asks it for something is answered or not, and a proof counts for itself.
            Err(RedisOpenError::Unreachable(_) | RedisOpenError::FewReplicas { .. }) if was_trusted => Ok(node),
            // A cluster's replica answers nothing of itself: it says who is the primary now.
            Err(RedisOpenError::NotPrimary { .. })
                if was_trusted && matches!(self.options.place, RedisPlace::Cluster { .. }) =>
            {
                Ok(node)
            }
            Err(error) => {
                node.is_trusted.store(false, Ordering::Release);
                Err(error)
            }
        }
    }

    async fn named_by_sentinels(&self, sentinels: &[Address], name: &str) -> Result<Address, RedisOpenError> {
        let mut asked = JoinSet::new();
        for address in sentinels {
            let Ok(node) = self.node(address) else { continue };
            let name = name.to_owned();
            asked.spawn(async move { tokio::time::timeout(ASK_TIMEOUT, ask_sentinel(&node, &name)).await });
        }
        // The primary is whom most of them name.
        let mut named: HashMap<Address, usize> = HashMap::new();
        while let Some(answer) = asked.join_next().await {
            if let Ok(Ok(Ok(address))) = answer {
                let votes = named.entry(address).or_default();
                *votes = votes.saturating_add(1);
            }
        }
        let most = named.into_iter().max_by_key(|(_, votes)| *votes).map(|(address, _)| address);
        most.ok_or_else(|| RedisOpenError::Unreachable(format!("no sentinel names the primary of `{name}`")))
    }

    /// Asks every node that is known, and believes the one that has seen most.
    async fn seen_of_cluster(&self, seeds: &[Address]) -> Result<Layout, RedisOpenError> {
        let mut known: Vec<Address> = seeds.to_vec();
        known.extend(self.layout.load().primaries.iter().map(|node| node.address.clone()));
        known.sort_unstable();
        known.dedup();
        let mut asked = JoinSet::new();
        for address in &known {
            let Ok(node) = self.node(address) else { continue };
            asked.spawn(async move { tokio::time::timeout(ASK_TIMEOUT, ask_cluster(&node)).await });
        }
        let mut best: Option<Seen> = None;
        while let Some(answer) = asked.join_next().await {
            let Ok(Ok(Ok(seen))) = answer else { continue };
            let newness = |seen: &Seen| (seen.is_ok, seen.epoch);
            if best.as_ref().is_none_or(|best| newness(&seen) > newness(best)) {
                best = Some(seen);
            }
        }
        let Some(Seen { ranges, .. }) = best else {
            return Err(RedisOpenError::Unreachable("no node of the cluster answers".to_owned()));
        };
        self.of_trusted(&ranges).await
    }

    /// The layout of those primaries that may be entrusted; the partitions of others have nobody.
    async fn of_trusted(&self, ranges: &[Range]) -> Result<Layout, RedisOpenError> {
        let mut primaries: Vec<&Address> = ranges.iter().map(|range| &range.primary).collect();
        primaries.sort_unstable();
        primaries.dedup();
        let mut trusted = HashMap::new();
        let mut refusal = None;
        let asked = primaries.into_iter().map(|address| async move { (address, self.trusted(address).await) });
        for (address, answer) in futures_util::future::join_all(asked).await {
            match answer {
                Ok(node) => {
                    trusted.insert(address.clone(), node);
                }
                Err(error) => refusal = Some(error),
            }
        }
        match refusal {
            // At a start nothing of it is swallowed; later the partitions of that server are refused.
            Some(error) if self.layout.load().primaries.is_empty() => Err(error),
            refusal => {
                if let Some(error) = refusal {
                    tracing::error!(%error, "a primary of the store is not used");
                }
                Ok(Layout::of_cluster(ranges, |address| trusted.get(address).map(Arc::clone)))
            }
        }
    }

    /// Says whether somebody carries the store away or fills it, or did.
    pub(super) fn hold(&self, why: Option<&RedisOpenError>) {
        self.held.store(why.map(|why| Arc::new(why.to_string())));
    }

    /// INVARIANT (fail-closed): what is decided while the store is carried away is decided nowhere.
    pub(super) fn is_free(&self) -> Result<(), StoreError> {
        match &*self.held.load() {
            None => Ok(()),
            Some(why) => Err(StoreError::Unavailable(String::clone(why))),
        }
    }

    /// Says whether everything can be used.
    pub(super) fn tell(&self, trouble: Option<String>) {
        let before = self.trouble.load();
        if before.as_deref() != trouble.as_ref() {
            match &trouble {
                Some(why) => tracing::warn!(%why, "the store cannot be used"),
                None => tracing::info!("the store can be used again"),
            }
            self.trouble.store(trouble.map(Arc::new));
        }
    }

    /// Whether everything can be used, as the keeper last found.
    pub(super) fn health(&self) -> Result<(), StoreError> {
        match &*self.trouble.load() {
            None => Ok(()),
            Some(why) => Err(StoreError::Unavailable(String::clone(why))),
        }
    }

    /// Why a partition has nobody.
    pub(super) fn why_nobody(&self) -> StoreError {
        self.look_again();
        self.health()
            .err()
            .unwrap_or_else(|| StoreError::Unavailable("no server has this part of the store".to_owned()))
    }
}
