//! Which server is the primary of which partition, and how that is learnt.

use std::sync::Arc;

use redis::{Pipeline, Value, cmd};

use super::keys::slot_of;
use super::node::Node;
use super::options::{Address, RedisPlace};
use super::wire::{bytes, list, number, unexpected};
use crate::crypto::Partition;
use crate::store::StoreError;

/// Which server is whose primary.
pub(super) struct Layout {
    /// The primaries.
    pub(super) primaries: Vec<Arc<Node>>,
    /// Of each partition, which of them; none while nobody is known to be.
    of: Vec<Option<u16>>,
}

impl Layout {
    /// Nobody is known yet.
    pub(super) fn empty() -> Self {
        Self { primaries: Vec::new(), of: vec![None; usize::from(Partition::COUNT)] }
    }

    /// All partitions on one server.
    pub(super) fn single(node: Arc<Node>) -> Self {
        Self { primaries: vec![node], of: vec![Some(0); usize::from(Partition::COUNT)] }
    }

    /// As a cluster tells, of those servers that may be entrusted with something.
    pub(super) fn of_cluster(ranges: &[Range], node: impl Fn(&Address) -> Option<Arc<Node>>) -> Self {
        let mut layout = Self::empty();
        let mut slots: Vec<(u16, Partition)> =
            Partition::all().map(|partition| (slot_of(partition), partition)).collect();
        slots.sort_unstable();
        for range in ranges {
            let Some(primary) = node(&range.primary) else { continue };
            let known = layout.primaries.iter().position(|known| known.address == primary.address);
            let index = known.unwrap_or_else(|| {
                layout.primaries.push(primary);
                layout.primaries.len().saturating_sub(1)
            });
            let first = slots.partition_point(|(slot, _)| *slot < range.first);
            for (_, partition) in slots.iter().skip(first).take_while(|(slot, _)| *slot <= range.last) {
                if let Some(of) = layout.of.get_mut(usize::from(partition.number())) {
                    *of = u16::try_from(index).ok();
                }
            }
        }
        layout
    }

    /// The primary of a partition.
    pub(super) fn primary(&self, partition: Partition) -> Option<&Arc<Node>> {
        let index = (*self.of.get(usize::from(partition.number()))?)?;
        self.primaries.get(usize::from(index))
    }

    /// The partitions that nobody is known to have.
    pub(super) fn orphans(&self) -> usize {
        self.of.iter().filter(|of| of.is_none()).count()
    }

    /// Who has what, as bytes to be compared.
    pub(super) fn map(&self) -> Vec<u8> {
        self.of.iter().flat_map(|of| of.map_or([u8::MAX; 2], u16::to_be_bytes)).collect()
    }

    /// The partitions of each primary.
    pub(super) fn shares(&self) -> Vec<(Arc<Node>, Vec<Partition>)> {
        let mut shares: Vec<(Arc<Node>, Vec<Partition>)> =
            self.primaries.iter().map(|node| (Arc::clone(node), Vec::new())).collect();
        for (partition, of) in Partition::all().zip(&self.of) {
            if let Some((_, share)) = of.and_then(|index| shares.get_mut(usize::from(index))) {
                share.push(partition);
            }
        }
        shares
    }

    /// Whether the same servers have the same partitions.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let addresses =
            |layout: &Self| -> Vec<Address> { layout.primaries.iter().map(|node| node.address.clone()).collect() };
        self.of == other.of && addresses(self) == addresses(other)
    }
}

/// Slots of a cluster that one primary has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) primary: Address,
}

/// What a node says of its cluster.
pub(super) struct Seen {
    /// How new it is: grows with every change of who is a primary.
    pub(super) epoch: u64,
    /// Whether the node believes that the cluster works.
    pub(super) is_ok: bool,
    /// Who has what.
    pub(super) ranges: Vec<Range>,
}

/// Asks a node about its cluster.
pub(super) async fn ask_cluster(node: &Node) -> Result<Seen, StoreError> {
    let mut both = Pipeline::new();
    both.add_command(cmd("CLUSTER").arg("INFO").to_owned()).add_command(cmd("CLUSTER").arg("SLOTS").to_owned());
    let unreachable = || StoreError::Unavailable(format!("{} does not tell of its cluster", node.address));
    let answers = node.send_all(&both, 2).await.map_err(|_| unreachable())?;
    let [info, slots] = <[Value; 2]>::try_from(answers).map_err(|_| unexpected())?;
    let info = match info {
        Value::VerbatimString { text, .. } => text,
        other => {
            String::from_utf8(bytes(other).map_err(|_| unreachable())?.unwrap_or_default()).map_err(|_| unexpected())?
        }
    };
    let told = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Ok(Seen {
        epoch: told("cluster_current_epoch:").and_then(|text| text.parse().ok()).unwrap_or(0),
        is_ok: told("cluster_state:") == Some("ok"),
        ranges: ranges(slots, &node.address)?,
    })
}

/// The replicas of a cluster, as one of its primaries knows them; nobody's elsewhere.
pub(super) async fn ask_replicas(primary: &Node, place: &RedisPlace) -> Result<Vec<Address>, StoreError> {
    let RedisPlace::Cluster { .. } = place else { return Ok(Vec::new()) };
    let lost = |_| StoreError::Unavailable(format!("{} does not tell of its cluster", primary.address));
    let slots = primary.send(cmd("CLUSTER").arg("SLOTS"), false, false).await.map_err(lost)?;
    let mut replicas = Vec::new();
    for range in list(slots)? {
        for replica in list(range)?.into_iter().skip(3) {
            let mut told = list(replica)?.into_iter();
            let host = told.next().map(bytes).transpose()?.flatten().unwrap_or_default();
            let host = String::from_utf8(host).map_err(|_| unexpected())?;
            let port = u16::try_from(number(&told.next().ok_or_else(unexpected)?)?).map_err(|_| unexpected())?;
            if !host.is_empty() {
                replicas.push(Address { host, port });
            }
        }
    }
    replicas.sort_unstable();
    replicas.dedup();
    Ok(replicas)
}

/// `CLUSTER SLOTS`: first slot, last slot, primary, replicas. A node that does not know its own address leaves it empty.
fn ranges(slots: Value, asked: &Address) -> Result<Vec<Range>, StoreError> {
    list(slots)?
        .into_iter()
        .map(|range| {
            let mut range = list(range)?.into_iter();
            let mut next = || range.next().ok_or_else(unexpected);
            let first = u16::try_from(number(&next()?)?).map_err(|_| unexpected())?;
            let last = u16::try_from(number(&next()?)?).map_err(|_| unexpected())?;
            let mut primary = list(next()?)?.into_iter();
            let host = primary.next().map(bytes).transpose()?.flatten().unwrap_or_default();
            let host = String::from_utf8(host).map_err(|_| unexpected())?;
            let port = primary.next().ok_or_else(unexpected)?;
            let port = u16::try_from(number(&port)?).map_err(|_| unexpected())?;
            let host = if host.is_empty() { asked.host.clone() } else { host };
            Ok(Range { first, last, primary: Address { host, port } })
        })
        .collect()
}

/// Asks a sentinel who the primary is.
pub(super) async fn ask_sentinel(sentinel: &Node, name: &str) -> Result<Address, StoreError> {
    let unreachable = || StoreError::Unavailable(format!("the sentinel {} does not name a primary", sentinel.address));
    let asked = cmd("SENTINEL").arg("get-master-addr-by-name").arg(name).to_owned();
    let told = sentinel.send(&asked, false, false).await.map_err(|_| unreachable())?;
    let mut told = list(told).map_err(|_| unreachable())?.into_iter();
    let mut text = || -> Result<String, StoreError> {
        let bytes = told.next().map(bytes).transpose()?.flatten().ok_or_else(unexpected)?;
        String::from_utf8(bytes).map_err(|_| unexpected())
    };
    let (host, port) = (text()?, text()?);
    Ok(Address { host, port: port.parse().map_err(|_| unexpected())? })
}
