//! The exact change that is asked for. A permit, an approval and a release for one change are bound to all of it.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{
    AccountId, Action, Brand, ContactId, DealerId, Eid, Iccid, Imei, LockHolder, LockSet, Msisdn, PersonId, Pon,
    PostalCode, Reference, Spid,
};

/// A privileged change with everything that identifies it: the closed set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another SIM.
    Sim(SimChange),
    /// Another carrier.
    PortOut(PortOut),
    /// A transfer PIN, for any gaining carrier or for one.
    TransferPinIssue {
        /// The only carrier the PIN may be used by, if so limited.
        gaining_spid: Option<Spid>,
    },
    /// A lock taken off.
    LockRelease {
        /// Which lock.
        set: LockSet,
        /// Whose lock.
        holder: LockHolder,
        /// What the release is to open: an approval of one opens nothing else.
        opens: ReleaseOpens,
    },
    /// A new account PIN. The value is never part of the change.
    PinChange,
    /// A contact set or removed.
    Contact(ContactChange),
    /// Calls forwarded.
    CallForwarding {
        /// Where calls go.
        target: Msisdn,
    },
    /// An app key added.
    DeviceAdd {
        /// The key, as a JWK.
        public_key_jwk: String,
        /// The device's name for people.
        model: Option<Reference>,
    },
    /// Owner, authorised users or account changed.
    Owner(OwnerChange),
    /// A SIM change reported as somebody else's (P22): what was set since is undone, and the line may go back. It takes off what
    /// protects the account, as the release of a lock does.
    SwapReport {
        /// The SIM that the line was on.
        back_to: SimTarget,
    },
}

/// What a release is to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseOpens {
    /// One named change.
    Only(Box<Change>),
    /// Everything the lock covers, for this long; none: as long as the policy says.
    Window(Option<TimeDelta>),
}

/// A SIM change (SIM swap).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimChange {
    /// The SIM or chip the number moves to.
    pub target: SimTarget,
    /// The handset, where known.
    pub imei: Option<Imei>,
    /// Why, as the customer says.
    pub cause: SimChangeCause,
    /// The SIM the asker believes is active.
    pub old_iccid: Option<Iccid>,
    /// How the new SIM gets to the customer, where it is said.
    pub delivery: Option<SimDelivery>,
}

impl SimChange {
    /// Whether the SIM goes to the postal address on record.
    pub fn is_shipped(&self) -> bool {
        self.delivery == Some(SimDelivery::Shipped)
    }
}

/// How a new SIM gets to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimDelivery {
    /// They have it, or get it where they ask.
    InHand,
    /// It is sent to the postal address on record.
    Shipped,
}

/// Where a number moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimTarget {
    /// A SIM card or an eSIM profile by its number.
    Iccid(Iccid),
    /// An eSIM chip.
    Eid(Eid),
}

impl SimTarget {
    /// Whether it is the card or the chip that stands written down.
    pub(super) fn is_one_of(&self, iccid: Option<&Iccid>, eid: Option<&Eid>) -> bool {
        match self {
            Self::Iccid(named) => iccid == Some(named),
            Self::Eid(named) => eid == Some(named),
        }
    }
}

/// Why a SIM is changed: a claim, which raises the proof for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SimChangeCause {
    /// A new phone.
    Upgrade = 1,
    /// The phone is lost.
    Lost = 2,
    /// The phone is stolen.
    Stolen = 3,
    /// The SIM is damaged.
    Damaged = 4,
    /// Back to the SIM before.
    Revert = 5,
    /// A second SIM.
    SecondSim = 6,
    /// The phone is broken.
    Broken = 7,
}

/// A port-out request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOut {
    /// The gaining carrier.
    pub gaining_spid: Spid,
    /// Its name, where given.
    pub gaining_name: Option<Reference>,
    /// The request's purchase order number.
    pub pon: Pon,
    /// The dealer, where given.
    pub dealer: Option<DealerId>,
}

/// A contact set or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactChange {
    /// Which contact.
    pub contact: ContactId,
    /// Its new value; none removes it.
    pub value: Option<ContactValue>,
}

/// What kind of contact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKind {
    /// A mailbox.
    Email,
    /// A number for texts.
    Sms,
    /// A number for calls.
    Voice,
    /// A postal address.
    Postal,
}

impl ContactKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Email, Self::Sms, Self::Voice, Self::Postal];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
            Self::Voice => "VOICE",
            Self::Postal => "POSTAL",
        }
    }
}

/// Where a person can be reached.
#[derive(Clone, PartialEq, Eq)]
pub enum ContactValue {
    /// A mailbox.
    Email(String),
    /// A number for texts.
    Sms(Msisdn),
    /// A number for calls.
    Voice(Msisdn),
    /// A postal address, by its code.
    Postal(PostalCode),
}

impl ContactValue {
    /// The mailbox that it is, as most hosts tell mailboxes apart: neither case nor what stands behind a `+` makes another one.
    pub fn mailbox(&self) -> Option<String> {
        let Self::Email(address) = self else { return None };
        let (user, host) = address.rsplit_once('@')?;
        let user = user.split_once('+').map_or(user, |(user, _)| user);
        Some(format!("{user}@{host}").to_lowercase())
    }

    /// Its kind.
    pub const fn kind(&self) -> ContactKind {
        match self {
            Self::Email(_) => ContactKind::Email,
            Self::Sms(_) => ContactKind::Sms,
            Self::Voice(_) => ContactKind::Voice,
            Self::Postal(_) => ContactKind::Postal,
        }
    }
}

impl ContactValue {
    /// The number that it is, where it is one.
    pub const fn number(&self) -> Option<Msisdn> {
        match self {
            Self::Sms(number) | Self::Voice(number) => Some(*number),
            Self::Email(_) | Self::Postal(_) => None,
        }
    }

    /// What kind of address it is, and the address.
    pub fn spelt(&self) -> (&'static str, String) {
        match self {
            Self::Email(mailbox) => ("email", mailbox.clone()),
            Self::Sms(number) => ("sms", number.to_e164()),
            Self::Voice(number) => ("voice", number.to_e164()),
            Self::Postal(code) => ("postal_code", code.as_str().to_owned()),
        }
    }

    /// Enough of it for its owner to know it by, and too little for anybody else to reach it.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(mailbox) => {
                let (name, host) = mailbox.split_once('@').unwrap_or((mailbox, ""));
                let first = |part: &str| part.chars().take(1).collect::<String>();
                let top = host.rsplit_once('.').map_or("", |(_, top)| top);
                format!("{}***@{}***.{top}", first(name), first(host))
            }
            Self::Sms(number) | Self::Voice(number) => {
                let digits = number.digits().to_string();
                let shown = digits.chars().count().saturating_sub(2);
                format!("***{}", digits.chars().skip(shown).collect::<String>())
            }
            Self::Postal(_) => "***".to_owned(),
        }
    }
}

impl std::fmt::Debug for ContactValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Email(_) => "Email(..)",
            Self::Sms(_) => "Sms(..)",
            Self::Voice(_) => "Voice(..)",
            Self::Postal(_) => "Postal(..)",
        })
    }
}

/// A person's place on the account, or the line's account, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerChange {
    /// A person gets a role.
    Role {
        /// Who.
        person: PersonId,
        /// The role given.
        role: super::PersonRole,
    },
    /// The line moves to another account.
    ToAccount {
        /// The account's brand.
        brand: Brand,
        /// The account.
        account: AccountId,
    },
    /// The line is closed.
    Close,
}

impl Change {
    /// The action that decides.
    pub const fn action(&self) -> Action {
        match self {
            Self::Sim(_) => Action::SimChange,
            Self::PortOut(_) => Action::PortOut,
            Self::TransferPinIssue { .. } => Action::TransferPinIssue,
            Self::LockRelease { .. } | Self::SwapReport { .. } => Action::LockRelease,
            Self::PinChange => Action::PinChange,
            Self::Contact(_) => Action::ContactChange,
            Self::CallForwarding { .. } => Action::CallForwardingSet,
            Self::DeviceAdd { .. } => Action::DeviceAdd,
            Self::Owner(_) => Action::OwnerChange,
        }
    }

    /// The carrier a port or transfer PIN is for.
    pub const fn gaining_spid(&self) -> Option<Spid> {
        match self {
            Self::PortOut(port) => Some(port.gaining_spid),
            Self::TransferPinIssue { gaining_spid } => *gaining_spid,
            _ => None,
        }
    }

    /// Why a SIM is to be changed, where one is.
    pub const fn sim_cause(&self) -> Option<SimChangeCause> {
        match self {
            Self::Sim(sim) => Some(sim.cause),
            _ => None,
        }
    }

    /// The one canonical text of the change: the action's name, then what identifies the change as `name=value` lines in a
    /// fixed order. Digests over it bind permits, releases and app approvals. What merely describes (a cause, a carrier's name)
    /// is left out: it may be corrected without making another change.
    pub fn canonical(&self) -> String {
        let mut text = format!("{}\n", self.action().name());
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={value}");
        };
        match self {
            Self::Sim(sim) => {
                match &sim.target {
                    SimTarget::Iccid(iccid) => line("iccid", iccid.as_str()),
                    SimTarget::Eid(eid) => line("eid", eid.as_str()),
                }
                // Where it goes is part of the change: who approved one in hand approved no parcel.
                if sim.is_shipped() {
                    line("delivery", "SHIPPED");
                }
            }
            Self::PortOut(port) => line("gaining_spid", port.gaining_spid.as_str()),
            Self::TransferPinIssue { gaining_spid } => {
                line("gaining_spid", gaining_spid.as_ref().map_or("", Spid::as_str));
            }
            Self::LockRelease { set, holder, opens } => {
                line("set", set.name());
                line("holder", holder.name());
                match opens {
                    ReleaseOpens::Only(change) => change.canonical().lines().for_each(|part| line("only_for", part)),
                    ReleaseOpens::Window(Some(window)) => line("window_seconds", &window.num_seconds().to_string()),
                    ReleaseOpens::Window(None) => line("window_seconds", "default"),
                }
            }
            Self::PinChange => {}
            Self::Contact(contact) => {
                line("contact_id", contact.contact.as_str());
                match &contact.value {
                    None => line("remove", "true"),
                    Some(value) => {
                        let (kind, address) = value.spelt();
                        line(kind, &address);
                    }
                }
            }
            Self::CallForwarding { target } => line("target_msisdn", &target.to_e164()),
            Self::DeviceAdd { public_key_jwk, .. } => line("public_key_jwk", public_key_jwk),
            Self::Owner(OwnerChange::Role { person, role }) => {
                line("person_id", person.as_str());
                line("role", role.name());
            }
            Self::Owner(OwnerChange::ToAccount { brand, account }) => {
                line("to_brand", brand.as_str());
                line("to_account_id", account.as_str());
            }
            Self::Owner(OwnerChange::Close) => line("close", "true"),
            Self::SwapReport { back_to } => match back_to {
                SimTarget::Iccid(iccid) => line("back_to_iccid", iccid.as_str()),
                SimTarget::Eid(eid) => line("back_to_eid", eid.as_str()),
            },
        }
        text
    }
}

/// SHA-256 of a change's canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChangeDigest(pub [u8; 32]);

impl ChangeDigest {
    /// In hexadecimal: part of what app keys sign.
    pub fn to_hex(self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Change, LockHolder, LockSet, PortOut, ReleaseOpens, SimChange, SimChangeCause, SimDelivery, SimTarget,
    };
    use crate::domain::{Iccid, Pon, Spid};

    #[test]
    fn a_sim_that_is_shipped_is_another_change_and_one_in_hand_need_not_be_said_to_be() {
        let text = |delivery| {
            let target = SimTarget::Iccid(Iccid::parse("8901260123456789011").unwrap());
            let sim = SimChange { target, imei: None, cause: SimChangeCause::Upgrade, old_iccid: None, delivery };
            Change::Sim(sim).canonical()
        };
        assert_eq!(text(None), "SIM_CHANGE\niccid=8901260123456789011\n");
        assert_eq!(text(Some(SimDelivery::InHand)), text(None));
        assert_eq!(text(Some(SimDelivery::Shipped)), "SIM_CHANGE\niccid=8901260123456789011\ndelivery=SHIPPED\n");
    }

    #[test]
    fn canonical_text_names_what_identifies_the_change() {
        let port = |pon: &str| {
            Change::PortOut(PortOut {
                gaining_spid: Spid::parse("6529").unwrap(),
                gaining_name: None,
                pon: Pon::parse(pon).unwrap(),
                dealer: None,
            })
        };
        assert_eq!(port("A1").canonical(), "PORT_OUT\ngaining_spid=6529\n");
        assert_eq!(port("A1").canonical(), port("A2").canonical());
        let release = |opens| Change::LockRelease { set: LockSet::Port, holder: LockHolder::Customer, opens };
        let window = release(ReleaseOpens::Window(None)).canonical();
        assert_eq!(window, "LOCK_RELEASE\nset=PORT\nholder=CUSTOMER\nwindow_seconds=default\n");
        let only = release(ReleaseOpens::Only(Box::new(port("A1")))).canonical();
        assert_eq!(only, "LOCK_RELEASE\nset=PORT\nholder=CUSTOMER\nonly_for=PORT_OUT\nonly_for=gaining_spid=6529\n");
    }
}
