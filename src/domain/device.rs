//! An app key on a person's device, and from when on it is known.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DeviceId, PersonId, Reference};

/// An app key on a person's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// The public key, as a JWK.
    pub public_key_jwk: String,
    /// The device's name for people.
    pub model: Option<Reference>,
    /// When it was added.
    pub added_at: DateTime<Utc>,
    /// Whether a device that was known let it in.
    pub vouched: bool,
    /// When it was removed.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When the account's people are told again that it is there, while it waits to be known.
    pub remind_at: Option<DateTime<Utc>>,
}

/// How long a device is only new (P24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceWaits {
    /// One that anything let in.
    pub known_after: TimeDelta,
    /// One that a device let in which had been known for as long; never longer than others.
    pub known_after_approval: TimeDelta,
}

/// So long after it was added people are told of a device again (P24): who missed it the first time still can say no.
const REMINDED_AFTER: [TimeDelta; 2] = [TimeDelta::days(3), TimeDelta::days(6)];

impl Device {
    /// When to tell of a device that was added at `added_at`, after it was told at `told_at`.
    pub fn next_reminder(added_at: DateTime<Utc>, told_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        REMINDED_AFTER.into_iter().map(|after| added_at + after).find(|at| *at > told_at)
    }

    /// From when on it is known, and its key strong proof, unless it is revoked.
    pub fn known_from(&self, waits: DeviceWaits) -> DateTime<Utc> {
        let sooner = waits.known_after_approval.min(waits.known_after);
        self.added_at + if self.vouched { sooner } else { waits.known_after }
    }

    /// Whether it is known. One added in the future is not.
    pub fn is_known(&self, waits: DeviceWaits, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.known_from(waits) <= now
    }

    /// Whether anybody's no takes it off the account still: as long as its people are told of it, also where it is known by then.
    pub fn is_contestable(&self, waits: DeviceWaits, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.added_at + waits.known_after
    }

    /// Whether it was known, and is, or was revoked so lately that it counts where it asks for more proof.
    pub fn was_known(&self, waits: DeviceWaits, now: DateTime<Utc>) -> bool {
        match self.revoked_at {
            Some(at) => self.known_from(waits) <= at && now < at + waits.known_after,
            None => self.is_known(waits, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: DeviceWaits =
        DeviceWaits { known_after: TimeDelta::days(7), known_after_approval: TimeDelta::days(1) };

    fn device(vouched: bool, revoked_after: Option<i64>) -> Device {
        Device {
            id: DeviceId::parse("phone").unwrap(),
            person: PersonId::parse("owner").unwrap(),
            public_key_jwk: String::new(),
            model: None,
            added_at: DateTime::UNIX_EPOCH,
            vouched,
            revoked_at: revoked_after.map(|hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours)),
            remind_at: None,
        }
    }

    /// Hours after it was added: known, to be contested, counting where that asks for more.
    #[test]
    fn what_a_device_is_worth_follows_from_its_instants() {
        for (vouched, revoked_after, hours, known, contestable, counts) in [
            (false, None, -1, false, true, false),
            (false, None, 0, false, true, false),
            (false, None, 7 * 24 - 1, false, true, false),
            (false, None, 7 * 24, true, false, true),
            (true, None, 23, false, true, false),
            (true, None, 24, true, true, true),
            (true, None, 7 * 24, true, false, true),
            // Revoked while it waited: it never was known.
            (false, Some(24), 24, false, false, false),
            (false, Some(24), 8 * 24, false, false, false),
            // Revoked when it was known: for a week more the account asks for as much as with it.
            (true, Some(24), 24, false, false, true),
            (true, Some(24), 8 * 24 - 1, false, false, true),
            (true, Some(24), 8 * 24, false, false, false),
        ] {
            let (device, now) = (device(vouched, revoked_after), DateTime::UNIX_EPOCH + TimeDelta::hours(hours));
            assert_eq!(
                (device.is_known(WAITS, now), device.is_contestable(WAITS, now), device.was_known(WAITS, now)),
                (known, contestable, counts),
                "{vouched} {revoked_after:?} {hours}"
            );
        }
    }
}
