//! The engine: what every use case shares. It is put together once, by the composition root.

use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::Mutex;

use super::archive::ArchiveSettings;
use super::challenges::CodeSender;
use super::error::ServiceError;
use super::hints::Hints;
use super::incidents::Shelf;
use super::key_upkeep::HeldKey;
use super::notices::Notices;
use super::owners::Owners;
use super::pins::Pins;
use super::queues::Queues;
use super::separations::SeparationSettings;
use super::tally::Tally;
use super::unshown::Spent;
use super::velocity::Looking;
use super::watchers::Watchers;
use crate::clock::{Clock, Now};
use crate::crypto::{Keyring, PermitNames, PermitSigner, Permits, PinValues, RecordSigner, sha256_plain};
use crate::domain::{Brand, PolicyRevision, Spid, StoreRegister};
use crate::policy::Policy;
use crate::store::{Store, Vault};

/// Who may follow records at a time: one identity, and all.
const RECORD_WATCHES_OF_ONE_MAX: usize = 4;
const RECORD_WATCHES_MAX: usize = 64;

/// Who may follow decisions at a time: one identity, which may be a front end for many tills, and all.
const DECISION_WATCHES_OF_ONE_MAX: usize = 256;
const DECISION_WATCHES_MAX: usize = 4_096;

/// The same of customers, who have places of their own: they take none from a till.
const CUSTOMER_WATCHES_OF_ONE_MAX: usize = 4;
const CUSTOMER_WATCHES_MAX: usize = 4_096;

/// Facts about the carrier that runs the engine.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// Its own brand: what callers without another one mean.
    pub brand: Brand,
    /// Its own SPIDs. A port to one of them is no port.
    pub own_spids: Vec<Spid>,
}

/// Who changes the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicySource {
    /// The file that the settings name.
    #[default]
    File,
    /// Two people, over the service.
    Service,
}

/// What an engine is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who signs permits, for whom; none where none are signed.
    pub permit_names: Option<PermitNames>,
    /// What decides, at first.
    pub policy: Policy,
    /// Who changes it.
    pub policy_source: PolicySource,
    /// Who runs it.
    pub carrier: Carrier,
    /// Their stores, at first.
    pub stores: StoreRegister,
    /// Threads that hash PINs.
    pub pin_threads: usize,
    /// How many PINs may wait for one.
    pub pin_queue: usize,
    /// Who is told what was decided.
    pub tally: Arc<dyn Tally>,
    /// Where old records go; none where they stay.
    pub archive: Option<ArchiveSettings>,
}

/// The engine. Shared by all edges; every use case is a method in a file of its own.
pub struct Engine {
    pub(super) vault: Vault,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) policy: ArcSwap<Policy>,
    pub(super) policy_source: PolicySource,
    pub(super) policy_turn: Mutex<()>,
    /// What is asked beside it, and answers nobody.
    pub(super) shadow: ArcSwapOption<Policy>,
    pub(super) carrier: Carrier,
    pub(super) stores: ArcSwap<StoreRegister>,
    pub(super) held_keys: Vec<HeldKey>,
    pub(super) permits: Permits,
    pub(super) permit_signer: Option<PermitSigner>,
    pub(super) pins: Pins,
    pub(super) queues: Queues,
    pub(super) hints: Hints,
    pub(super) spent: Spent,
    pub(super) looking: Looking,
    pub(super) pin_values: PinValues,
    pub(super) owners: Owners,
    pub(super) shelf: Shelf,
    /// Who follows records.
    pub(super) watchers: Watchers,
    /// Who follows a decision.
    pub(super) decision_watchers: Watchers,
    /// Customers who do.
    pub(super) customer_watchers: Watchers,
    /// Customers who follow what happens on their account.
    pub(super) activity_watchers: Watchers,
    pub(super) record_signer: RecordSigner,
    pub(super) tally: Arc<dyn Tally>,
    pub(super) archive: Option<ArchiveSettings>,
    /// Who carries codes to the customers; none where none are sent.
    pub(super) codes: OnceLock<Arc<dyn CodeSender>>,
    pub(super) notices: Notices,
    /// Who may separate lines, and for how long; nobody where nobody is named.
    pub(super) separations: OnceLock<SeparationSettings>,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Result<Arc<Self>, ServiceError> {
        let Parts {
            store,
            keyring,
            clock,
            permit_names,
            policy,
            policy_source,
            carrier,
            stores,
            pin_threads,
            pin_queue,
            tally,
            archive,
        } = parts;
        let policy = named(policy)?;
        Ok(Arc::new(Self {
            vault: Vault::new(store, &keyring),
            clock,
            policy: ArcSwap::from_pointee(policy),
            policy_source,
            policy_turn: Mutex::default(),
            shadow: ArcSwapOption::empty(),
            carrier,
            stores: ArcSwap::from_pointee(stores),
            held_keys: HeldKey::all(&keyring),
            permits: Permits::new(&keyring),
            permit_signer: permit_names.map(|names| PermitSigner::new(&keyring, names)),
            pins: Pins::start(&keyring, pin_threads, pin_queue)?,
            queues: Queues::default(),
            hints: Hints::default(),
            spent: Spent::default(),
            looking: Looking::default(),
            pin_values: PinValues::new()?,
            owners: Owners::default(),
            shelf: Shelf::default(),
            watchers: Watchers::new(RECORD_WATCHES_OF_ONE_MAX, RECORD_WATCHES_MAX),
            customer_watchers: Watchers::new(CUSTOMER_WATCHES_OF_ONE_MAX, CUSTOMER_WATCHES_MAX),
            activity_watchers: Watchers::new(CUSTOMER_WATCHES_OF_ONE_MAX, CUSTOMER_WATCHES_MAX),
            decision_watchers: Watchers::new(DECISION_WATCHES_OF_ONE_MAX, DECISION_WATCHES_MAX),
            record_signer: RecordSigner::new(&keyring),
            tally,
            archive,
            codes: OnceLock::new(),
            notices: Notices::default(),
            separations: OnceLock::new(),
        }))
    }

    /// Sends codes from now on, by this sender; whoever was named first stays.
    pub fn send_codes_by(&self, sender: Arc<dyn CodeSender>) {
        let _ = self.codes.set(sender);
    }

    /// Lets these people separate lines from now on; whoever was named first stays.
    pub fn separate_lines_by(&self, settings: SeparationSettings) {
        let _ = self.separations.set(settings);
    }

    /// Whether codes are sent.
    pub(super) fn sends_codes(&self) -> bool {
        self.codes.get().is_some()
    }

    /// The one reading of the clock that a request is decided with.
    ///
    /// INVARIANT (time-is-an-argument): a use case calls this once and passes it down.
    pub(super) fn now(&self) -> Result<Now, ServiceError> {
        Ok(self.clock.now()?)
    }

    /// Whether decisions can be made now, and why not.
    pub fn health(&self) -> Result<(), ServiceError> {
        self.vault.store().health()?;
        self.clock.now()?;
        Ok(())
    }

    /// The policy that decides now.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Takes another register of stores, from the next decision on.
    pub fn replace_stores(&self, stores: StoreRegister) {
        self.stores.store(Arc::new(stores));
    }

    /// Asks another policy beside the one that decides, from the next decision on.
    ///
    /// INVARIANT (shadow-answers-nothing): one that does not stand leaves what was asked before, and every answer as it is.
    pub fn replace_shadow(&self, policy: Policy) -> Result<PolicyRevision, ServiceError> {
        let policy = named(policy)?;
        let revision = policy.revision;
        self.shadow.store(Some(Arc::new(policy)));
        Ok(revision)
    }
}

/// A policy that stands. Every record names the policy that decided by the digest of all that it says.
pub(super) fn named(mut policy: Policy) -> Result<Policy, ServiceError> {
    policy.validate().map_err(|error| ServiceError::Unavailable(error.to_string()))?;
    policy.revision = PolicyRevision(sha256_plain(policy.canonical().as_bytes()));
    Ok(policy)
}
