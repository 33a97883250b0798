//! Accounts, lines and what protects them.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::changes::{contact_value, lock_holder, lock_set, person_role, sim_target};
use super::ledger::consent;
use super::names::{
    account_id, account_number, brand, change_digest, channel, contact_id, device_id, eid, hash, holder_name, iccid,
    imei, instant, line_id, msisdn, person_id, postal_code, record_id, reference, release_id, spid, subject,
};
use crate::domain::{
    Account, AccountId, AccountKind, Action, Annulled, ChainHead, Contact, Device, DocumentDigest, Flags, Held, Line,
    LineStatus, Lock, Person, Protection, RESETS_KEPT_MAX, Recovery, RecoveryState, Release, ReleaseGuard,
    ReleaseScope, Reset, ResetKind, SEPARATED_PREFIX, SIM_CHANGES_KEPT_MAX, Separation, SimBefore, SimChanged, Word,
};

pub(crate) fn account() -> impl Strategy<Value = Account> {
    let kinds = [AccountKind::Postpaid, AccountKind::Prepaid, AccountKind::Business];
    let names = (account_id(), brand(), account_number(), prop::sample::select(kinds.to_vec()));
    let people = (vec(person(), 0..3), vec(device(), 0..3)).boxed();
    let rest =
        (protection(), flags(), vec(reset(), 0..=RESETS_KEPT_MAX), any::<u64>(), chain(), option::of(separation()));
    (names, people, rest).prop_map(
        |(
            (id, brand, number, kind),
            (persons, devices),
            (protection, flags, resets, line_count, chain, separation),
        )| Account {
            id: if separation.is_some() { separated(&id) } else { id },
            brand,
            number,
            kind,
            persons,
            devices,
            protection,
            flags,
            resets,
            line_count,
            chain,
            separation: separation.map(Box::new),
        },
    )
}

/// A name that an account of a separation may have.
fn separated(id: &AccountId) -> AccountId {
    let rest = id.as_str().get(SEPARATED_PREFIX.len()..).unwrap_or_default();
    AccountId::parse(&format!("{SEPARATED_PREFIX}{rest}")).unwrap()
}

fn separation() -> impl Strategy<Value = Separation> {
    let words = (word(), option::of(word()), option::of(word()));
    (account_id(), (vec(line_id(), 0..3), vec(line_id(), 0..3)), any::<[u8; 16]>(), words, instant()).prop_map(
        |(from, (lines, left), document, (proposed, agreed, ended), expires_at)| Separation {
            from,
            lines,
            document: DocumentDigest(document),
            proposed,
            agreed,
            expires_at,
            ended,
            left,
        },
    )
}

fn word() -> impl Strategy<Value = Word> {
    (subject(), instant()).prop_map(|(by, at)| Word { by, at })
}

fn person() -> impl Strategy<Value = Person> {
    (
        person_id(),
        person_role(),
        option::of(holder_name()),
        option::of(postal_code()),
        vec(contact(), 0..3),
        vec(line_id(), 0..3),
    )
        .prop_map(|(id, role, name, postal_code, contacts, lines)| Person {
            id,
            role,
            name,
            postal_code,
            contacts,
            lines,
        })
}

fn contact() -> impl Strategy<Value = Contact> {
    (contact_id(), contact_value(), instant(), option::of(instant())).prop_map(|(id, value, since, ended)| Contact {
        id,
        value,
        since,
        ended,
    })
}

fn device() -> impl Strategy<Value = Device> {
    let times = (instant(), any::<bool>(), option::of(instant()), option::of(instant()));
    (device_id(), person_id(), ".{0,40}", option::of(reference()), times).prop_map(
        |(id, person, public_key_jwk, model, (added_at, vouched, revoked_at, remind_at))| Device {
            id,
            person,
            public_key_jwk,
            model,
            added_at,
            vouched,
            revoked_at,
            remind_at,
        },
    )
}

fn reset() -> impl Strategy<Value = Reset> {
    (instant(), reset_kind(), channel(), option::of(contact_id())).prop_map(|(at, kind, via, mailbox)| Reset {
        at,
        kind,
        via,
        mailbox,
    })
}

pub(crate) fn reset_kind() -> impl Strategy<Value = ResetKind> {
    prop_oneof![Just(ResetKind::Pin), Just(ResetKind::Contact), Just(ResetKind::Password)]
}

fn chain() -> impl Strategy<Value = ChainHead> {
    (any::<u64>(), hash(), option::of(record_id())).prop_map(|(seq, hash, last)| ChainHead { seq, hash, last })
}

fn flags() -> impl Strategy<Value = Flags> {
    any::<(bool, bool)>().prop_map(|(heightened, victim)| Flags { heightened, victim })
}

pub(crate) fn line() -> impl Strategy<Value = Line> {
    let statuses =
        [LineStatus::Active, LineStatus::Suspended, LineStatus::Closed, LineStatus::PortedOut, LineStatus::Moved];
    let names = (line_id(), account_id(), msisdn(), prop::sample::select(statuses.to_vec()));
    let sim =
        (option::of(iccid()), option::of(eid()), option::of(imei()), vec(sim_changed(), 0..=SIM_CHANGES_KEPT_MAX));
    let last = (option::of(instant()), option::of(instant()));
    let rest = (last, flags(), protection(), (option::of(recovery()), option::of(record_id())));
    (names, sim, rest).prop_map(
        |(
            (id, account, msisdn, status),
            (iccid, eid, imei, sim_changes),
            (times, flags, protection, (recovery, last)),
        )| Line {
            id,
            account,
            msisdn,
            status,
            iccid,
            eid,
            imei,
            sim_changes,
            forwarding_set_at: times.0,
            attached_at: times.1,
            flags,
            protection,
            recovery: recovery.map(Box::new),
            last_record: last,
        },
    )
}

fn sim_changed() -> impl Strategy<Value = SimChanged> {
    (instant(), option::of(iccid()), option::of(eid()), any::<bool>())
        .prop_map(|(at, iccid, eid, goes_back)| SimChanged { at, from: SimBefore { iccid, eid }, goes_back })
}

fn recovery() -> impl Strategy<Value = Recovery> {
    let state = prop_oneof![
        consent().prop_map(RecoveryState::Proposed),
        (instant(), annulled()).prop_map(|(until, annulled)| RecoveryState::Open { until, annulled }),
    ];
    (instant(), sim_target(), any::<bool>(), state).prop_map(|(disputed_at, back_to, suspends, state)| Recovery {
        disputed_at,
        back_to,
        suspends,
        state,
    })
}

pub(crate) fn annulled() -> impl Strategy<Value = Annulled> {
    any::<([u32; 4], [bool; 3])>().prop_map(
        |([locks, contacts_ended, contacts_restored, devices], [pin, forwarding, suspended])| Annulled {
            locks,
            contacts_ended,
            contacts_restored,
            devices,
            pin,
            forwarding,
            suspended,
        },
    )
}

fn protection() -> impl Strategy<Value = Protection> {
    let locks = btree_map((lock_set(), lock_holder()), lock().boxed(), 0..=6);
    let epochs = btree_map(prop::sample::select(Action::ALL.as_slice()), any::<u64>(), 0..=Action::ALL.len());
    (locks, epochs).prop_map(|(locks, epochs)| Protection::from_parts(locks, epochs))
}

fn lock() -> impl Strategy<Value = Lock> {
    prop_oneof![
        Just(Lock::Off),
        held().prop_map(Lock::On),
        (held(), release()).prop_map(|(held, release)| Lock::Releasing(held, release)),
        (held(), release()).prop_map(|(held, release)| Lock::Released(held, release)),
    ]
}

fn held() -> impl Strategy<Value = Held> {
    (instant(), option::of(person_id()), option::of(reference())).prop_map(|(since, by, reason)| Held {
        since,
        by,
        reason,
    })
}

fn release() -> impl Strategy<Value = Release> {
    let scope = prop_oneof![
        Just(ReleaseScope::Window),
        (change_digest(), option::of(spid())).prop_map(|(digest, spid)| ReleaseScope::Only(digest, spid)),
    ];
    let guard = prop_oneof![
        instant().prop_map(ReleaseGuard::OtherChannelUntil),
        instant().prop_map(ReleaseGuard::DeniedUntilThenStrong),
    ];
    let times = (instant(), instant(), instant());
    (release_id(), times, scope, channel(), option::of(device_id()), guard, record_id()).prop_map(
        |(id, (proven_at, effective_at, relock_at), scope, via, device, guard, decision)| Release {
            id,
            proven_at,
            effective_at,
            relock_at,
            scope,
            via,
            device,
            guard,
            decision,
        },
    )
}
