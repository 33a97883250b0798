//! The disk under the store.

use crate::cli::finding::Finding;
use crate::config::StoreFolder;
use crate::store::embedded::look::{Folder, Told};

const BYTES_PER_MIB: u64 = 1_048_576;

/// With less time than this until the reserve is reached, somebody should make room.
const DAYS_LEFT_MIN: u64 = 30;

/// What it is, and how long there is room.
pub(super) fn look(folder: &Folder, settings: &StoreFolder, told: Option<&Told>) -> Vec<Finding> {
    const FILE_SYSTEM: &str = "store.file_system";
    let on = match folder.file_system() {
        Ok(on) => on,
        Err(error) => return vec![Finding::error(FILE_SYSTEM, &error, "look at the mount under `store.path`")],
    };
    let kind = on.kind.as_deref().unwrap_or("a kind that the system does not tell");
    let lies = if on.is_network {
        let advice = "move the store to a disk of this machine: a network file system loses writes it has confirmed";
        Finding::fail(FILE_SYSTEM, format!("{kind}, which other machines may write to"), advice)
    } else {
        Finding::ok(FILE_SYSTEM, kind)
    };
    vec![lies, room(on.free_bytes, settings, told)]
}

fn room(free: u64, settings: &StoreFolder, told: Option<&Told>) -> Finding {
    const CHECK: &str = "store.disk";
    const ADVICE: &str = "make room, or give the store a larger disk";
    let reserve = settings.disk_reserve_mib.get().saturating_mul(BYTES_PER_MIB);
    let left = free.saturating_sub(reserve);
    let taken = told.map_or_else(String::new, |told| format!("{} MiB taken, ", told.bytes / BYTES_PER_MIB));
    let found =
        format!("{taken}{} MiB free, {} MiB of it kept in reserve", free / BYTES_PER_MIB, reserve / BYTES_PER_MIB);
    if left == 0 {
        let advice = format!("{ADVICE}: below the reserve nothing is decided, and only locks can be set");
        return Finding::fail(CHECK, found, advice);
    }
    match told.and_then(|told| told.growth_bytes_a_day).map(|growth| left.checked_div(growth)) {
        Some(Some(days)) if days < DAYS_LEFT_MIN => {
            Finding::warn(CHECK, format!("{found}; at the growth of the last days it lasts for {days} days"), ADVICE)
        }
        Some(Some(days)) => {
            Finding::ok(CHECK, format!("{found}; at the growth of the last days it lasts for {days} days"))
        }
        _ if left < reserve => Finding::warn(CHECK, format!("{found}; the growth is not known yet"), ADVICE),
        _ => Finding::ok(CHECK, found),
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_PER_MIB, room};
    use crate::cli::finding::{Report, State};
    use crate::config::{Bounded, StoreDurability, StoreFolder};
    use crate::store::embedded::look::Told;

    fn state(free_mib: u64, growth_mib_a_day: Option<u64>) -> State {
        let settings =
            StoreFolder { path: "/".into(), disk_reserve_mib: Bounded::of::<100>(), durability: StoreDurability::Full };
        let told = Told {
            schema: (1, 1),
            epoch: 1,
            seq: 1,
            highest: None,
            clean: true,
            lost_groups: 0,
            records: 1,
            bytes: 1,
            growth_bytes_a_day: growth_mib_a_day.map(|mib| mib * BYTES_PER_MIB),
        };
        Report(vec![room(free_mib * BYTES_PER_MIB, &settings, Some(&told))]).state()
    }

    #[test]
    fn the_disk_is_full_at_the_reserve_and_soon_full_a_month_before() {
        assert_eq!(state(100, Some(0)), State::Fail);
        assert_eq!(state(130, Some(1)), State::Ok);
        assert_eq!(state(129, Some(1)), State::Warn);
        assert_eq!(state(201, None), State::Ok);
        assert_eq!(state(199, None), State::Warn);
        assert_eq!(state(201, Some(0)), State::Ok);
    }
}
