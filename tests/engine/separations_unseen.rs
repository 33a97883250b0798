//! Who sees a line separation: auditors, and the survivor.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::TimeDelta;
use portcullis::audit::{EventKind, RecordFilter};
use portcullis::crypto::{Cost, Keyring};
use portcullis::domain::{Account, AccountId, ChainHead, Change, Channel, Imei, LockSet, RequestId, Role, SimChange};
use portcullis::service::{
    Authorised, RecordQuery, RecordScope, RecordView, Scope, Seed, ServiceError, Told, Upsert, authorise, right,
};
use portcullis::store::Kept;

use crate::notices::mail;
use crate::separations::{Home, SURVIVORS_MAIL, ann, auditor, bob, care, other_line, under};
use crate::world::{ACCOUNT, NEW_SIM, World, carrier, clerk, customer, line_ref, provisioning, sim_to};

/// Of all who work for the carrier, auditors alone see that there is a separation.
#[tokio::test]
async fn nobody_but_auditors_sees_it() {
    let home = Home::new().await;
    let (separation, reference) = home.separated().await;
    let approved = home.approved(&reference, sim_to(NEW_SIM)).await;
    let account = Scope::Account(separation.account.clone());
    let query = |scope| RecordQuery { filter: RecordFilter::default(), scope, from: None, size: 200 };
    let of_account = || Some(RecordScope::Of(account.clone()));
    let one = || Some(RecordScope::One(approved.id()));
    for who in [ann(), bob()] {
        let reader = authorise(who.clone()).unwrap();
        assert!(matches!(home.engine().get_account(&reader, &account).await, Err(ServiceError::NotFound(_))));
        let reader = authorise(who.clone()).unwrap();
        assert!(matches!(
            home.engine().list_records(&reader, query(of_account())).await,
            Err(ServiceError::NotFound(_))
        ));
        assert!(matches!(home.engine().list_records(&reader, query(one())).await, Err(ServiceError::NotFound(_))));
        let all = home.engine().list_records(&reader, query(None)).await.unwrap().records;
        assert!(!all.is_empty() && all.iter().all(|view| view.account != separation.account));
        let reader = authorise(who.clone()).unwrap();
        assert!(matches!(
            home.engine().get_decision(&reader, approved.id(), None).await,
            Err(ServiceError::NotFound(_))
        ));
        let reader = authorise(who).unwrap();
        assert!(home.engine().list_activity(&reader, &account, None, 10).await.is_err());
    }
    for who in [clerk(), care()] {
        let reader = authorise(who.clone()).unwrap();
        assert!(home.engine().get_protection(&reader, &account, None).await.is_err());
        let reader = authorise(who).unwrap();
        assert!(home.engine().get_credential_status(&reader, separation.account.clone()).await.is_err());
    }
    let reader = authorise(auditor()).unwrap();
    let seen = home.engine().list_records(&reader, query(of_account())).await.unwrap().records.len();
    let all = home.engine().list_records(&reader, query(None)).await.unwrap().records;
    assert!(seen >= 6 && all.iter().filter(|view| view.account == separation.account).count() >= seen);
    assert_eq!(home.engine().list_records(&reader, query(one())).await.unwrap().records.len(), 1);
    let reader = authorise(auditor()).unwrap();
    assert!(home.engine().get_decision(&reader, approved.id(), None).await.is_ok());
    // And they are told at once that there is one, by a record that names nobody, and that nobody else sees; nor that they looked.
    let alert = |views: &[RecordView]| views.iter().filter(|view| is_alert(view)).count();
    assert_eq!(alert(&all), 1);
    let kinds = vec![EventKind::SeparationChanged];
    let looked = RecordFilter { kinds, ..RecordFilter::default() };
    let reader = authorise(auditor()).unwrap();
    let query_of = |filter| RecordQuery { filter, scope: None, from: None, size: 200 };
    assert_eq!(home.engine().list_records(&reader, query_of(looked)).await.unwrap().records.len(), 2);
    let reader = authorise(ann()).unwrap();
    let seen = home.engine().list_records(&reader, query(None)).await.unwrap().records;
    assert_eq!(alert(&seen), 0);
    assert!(!seen.iter().any(|view| told(view).contains("SeparationChanged")), "{seen:?}");
    let own = home.world.seed();
    let taken = Upsert { request: None, seed: Seed { account: separation.account.clone(), ..own } };
    let refused = home.engine().upsert_account(authorise(provisioning()).unwrap(), taken).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { field: "seed.account.account_id", .. })));
}

fn told(view: &RecordView) -> String {
    match &view.told {
        Told::Whole(kept) => format!("{:?}", kept.record().event),
        Told::Unreadable(_) => panic!("{view:?}"),
    }
}

fn is_alert(view: &RecordView) -> bool {
    view.account.as_str() == "engine" && told(view).contains("SEPARATION_OPENED")
}

/// INVARIANT (separation-is-unseen): whatever the owner and everybody about them see, do and are told is the same, byte for byte
/// and wait for wait, whether there was a separation or not.
#[tokio::test]
async fn an_owner_cannot_tell_whether_there_was_a_separation() {
    let keys = || {
        let (folder, start) = (tempfile::tempdir().unwrap(), crate::world::start());
        let cost = Cost::LowForTestPurposesOnly;
        (folder, Keyring::generate_at_cost(start, cost).unwrap())
    };
    let (folder, keyring) = keys();
    let file = folder.path().join("keyring.json");
    keyring.save(&file).unwrap();
    let load = || Keyring::load(&file).unwrap();
    let without = seen_by_owner(&Home::of(World::with_keyring(load())).await, false).await;
    let with = seen_by_owner(&Home::of(World::with_keyring(load())).await, true).await;
    assert!(without.len() > 30, "{}", without.len());
    for (number, (without, with)) in without.iter().zip(&with).enumerate() {
        assert_eq!(without, with, "at {number}");
    }
    assert_eq!(without.len(), with.len());
}

/// All that an owner can see, in the order in which they look; between their steps a survivor leaves, or does not.
async fn seen_by_owner(home: &Home, separated: bool) -> Vec<String> {
    let mut seen = Seen::default();
    let mut reference = None;
    for step in 0..4 {
        if separated {
            match step {
                0 => drop(home.propose(ann()).await.unwrap()),
                1 => reference = Some(home.separated().await),
                2 => {
                    let (_, reference) = reference.as_ref().unwrap();
                    let approved = home.approved(reference, on_handset()).await;
                    home.redeem(care(), under(reference), &approved).await.unwrap();
                }
                _ => {
                    let (separation, _) = reference.as_ref().unwrap();
                    home.end(ann(), &separation.account).await.unwrap();
                }
            }
            // What is told to the survivor is theirs.
            home.world.told().await;
            let told = home.post.take();
            assert!(told.iter().all(|notice| notice.to.value == mail(SURVIVORS_MAIL)), "{told:?}");
        }
        home.spy.trips();
        look(home, &mut seen).await;
        home.world.pass(TimeDelta::hours(1));
    }
    seen.told
}

#[derive(Default)]
struct Seen {
    told: Vec<String>,
    names: HashMap<String, usize>,
}

impl Seen {
    /// Ids are random: the first is called the first, and so on.
    fn add(&mut self, what: &str, value: &impl std::fmt::Debug, trips: usize) {
        let text = format!("{what} ({trips} trips): {value:#?}");
        let (mut named, mut rest) = (String::new(), text.as_str());
        while let Some(place) = (0..rest.len()).find(|place| rest.get(*place..place + 36).is_some_and(is_uuid)) {
            let (before, from) = rest.split_at(place);
            let (id, after) = from.split_at(36);
            let next = self.names.len();
            let name = self.names.entry(id.to_owned()).or_insert(next);
            write!(named, "{before}id-{name}").unwrap();
            rest = after;
        }
        named.push_str(rest);
        self.told.push(named);
    }
}

/// Everything that an owner, and a clerk about their account, can look at and do.
async fn look(home: &Home, seen: &mut Seen) {
    let (engine, world) = (home.engine(), &home.world);
    let own = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let scopes = [own.clone(), Scope::Line(line_ref()), Scope::Line(other_line())];
    for scope in &scopes {
        let locks = engine.get_protection(&authorise(customer()).unwrap(), scope, None).await;
        seen.add("locks", &locks, home.spy.trips());
        let activity = engine.list_activity(&owner_activity(), scope, None, 100).await.map(|page| {
            let told = |kept: &Kept| {
                let record = kept.record();
                (record.at, record.seq, record.line.clone(), record.caller.clone(), record.event.kind())
            };
            page.records.iter().map(told).collect::<Vec<_>>()
        });
        seen.add("activity", &activity, home.spy.trips());
    }
    let account = engine.get_account(&authorise(customer()).unwrap(), &own).await.map(|account| {
        // Hashes are over ids, which are random, and each world has a key of its own on the phone.
        let chain = ChainHead { hash: [0; 32], ..account.chain };
        Account { chain, devices: Vec::new(), ..account }
    });
    seen.add("account", &account, home.spy.trips());
    let status =
        engine.get_credential_status(&authorise(customer()).unwrap(), AccountId::parse(ACCOUNT).unwrap()).await;
    seen.add("credentials", &status, home.spy.trips());
    let waiting = engine.list_pending_challenges(&authorise(customer()).unwrap(), &own, None, 100).await;
    seen.add("waiting", &waiting.map(|page| page.challenges.len()), home.spy.trips());
    for (who, line) in [(clerk(), line_ref()), (carrier(), line_ref()), (customer(), line_ref())] {
        let mut question = match who.role {
            Role::PortingSystem => world.port(),
            Role::Customer => world.question(on_handset(), Channel::App),
            _ => world.sim_change(Channel::Store),
        };
        question.scope = Scope::Line(line);
        let answer = world.decide(who, question).await;
        let told = answer.map(|answer| (answer.outward.clone(), answer.decided().unwrap().facts.clone()));
        seen.add("asked", &told, home.spy.trips());
    }
    seen.add("locked", &world.lock(customer(), LockSet::Sim).await, home.spy.trips());
    world.told().await;
    let told: Vec<_> = home.post.take().iter().map(|notice| (notice.kind, notice.text.clone())).collect();
    home.spy.trips();
    seen.add("notices", &told, 0);
}

fn owner_activity() -> Authorised<right::ReadActivity> {
    authorise(customer()).unwrap()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && RequestId::parse(text).is_ok()
}

/// A SIM change onto a handset that both the owner and the survivor may name.
fn on_handset() -> Change {
    let Change::Sim(change) = sim_to(NEW_SIM) else { panic!("it is one") };
    Change::Sim(SimChange { imei: Some(Imei::parse("490154203237518").unwrap()), ..change })
}
