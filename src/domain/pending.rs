//! A challenge that waits to be met: who may complete it, what was given for it, and how it ends.

use chrono::{DateTime, Utc};

use super::code::SentCode;
use super::{
    Action, ChangeDigest, ContactId, DeviceId, Factor, Level, LineId, LineName, PersonId, Place, RecordId, Seq,
    Subject, level_of,
};

/// A challenge as it is kept beside its account, until long after it ended.
///
/// INVARIANT (fail-closed): what is given for it satisfies it and approves nothing. Whoever asked completes it, and then
/// everything is decided anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The decision that it is.
    pub decision: RecordId,
    /// The line, as it was named.
    pub named: LineName,
    /// The line that this was; none where nobody had it.
    pub line: Option<LineId>,
    /// The action.
    pub action: Action,
    /// The exact change.
    pub change: ChangeDigest,
    /// Who asked, and alone may complete it.
    pub caller: Subject,
    /// The least proof that completes it.
    pub required: Level,
    /// The least where the account PIN is part of it.
    pub with_pin: Level,
    /// Until just before this instant.
    pub expires_at: DateTime<Utc>,
    /// The account's sequence when it was given, compared with the epochs of its locks.
    pub granted_seq: Seq,
    /// What was given for it, one of each PIN and device.
    pub given: Vec<Given>,
    /// How often something given for it was wrong.
    pub wrong: u8,
    /// How often a document was scanned for it, whoever it was of.
    pub documents: u8,
    /// How often a code was sent for it.
    pub sendings: u8,
    /// The code that was sent last, until it is entered.
    pub code: Option<SentCode>,
    /// Where it stands.
    pub state: PendingState,
}

/// Something that was right when it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom: the authenticated identity that entered or signed it.
    pub by: Subject,
    /// Where, as far as it can be held: what comes from there counts no longer once it is.
    pub place: Place,
    /// What.
    pub proof: GivenProof,
}

/// What was given. It holds no secret: what it is worth is asked again when the challenge is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenProof {
    /// The account PIN, entered by the customer.
    AccountPin {
        /// Since when that PIN is set: another one was not given.
        set_at: DateTime<Utc>,
    },
    /// A signature over the challenge by a device's app key.
    AppApproval {
        /// Which device.
        device: DeviceId,
    },
    /// A code that was sent to a contact, entered by the customer.
    OneTimeCode {
        /// Which contact.
        contact: ContactId,
        /// Since when that contact is on record: what was put in its place was not asked.
        since: DateTime<Utc>,
        /// Whether it counts only beside a factor of another class.
        beside: bool,
    },
    /// An identity document that was scanned. By itself it proves nothing.
    Document {
        /// A keyed digest of what the scanner calls it.
        document: DocumentDigest,
        /// Whose it is; none where that is nobody whose proof counts.
        person: Option<PersonId>,
    },
    /// That another person has seen it.
    SecondPerson(SeenBy),
}

/// What the second person's word is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenBy {
    /// From when on it counts.
    pub counts_from: DateTime<Utc>,
    /// Whether they saw the name and the number that it is for.
    pub agrees: bool,
    /// Whether it rests also beside proof of another class.
    pub must_rest: bool,
    /// Whether the document was shown on another customer's account lately.
    pub elsewhere: bool,
}

/// A keyed digest of what a scanner calls a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentDigest(pub [u8; 16]);

/// A document that was shown for a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownDocument<'a> {
    /// Who scanned it, and where.
    pub scanned: &'a Given,
    /// Whose it is; none where that is nobody whose proof counts.
    pub person: Option<&'a PersonId>,
    /// Who else has seen it, and what that is worth.
    pub seconded: Option<(&'a Given, SeenBy)>,
}

impl GivenProof {
    fn is_in_place_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AppApproval { device }, Self::AppApproval { device: other }) => device == other,
            (Self::OneTimeCode { contact, .. }, Self::OneTimeCode { contact: other, .. }) => contact == other,
            // Who has seen a document adds to it; another one was seen by nobody else yet.
            (Self::Document { .. }, Self::SecondPerson(_)) => false,
            _ => self.factor() == other.factor(),
        }
    }

    /// Which factor it is.
    pub const fn factor(&self) -> Factor {
        match self {
            Self::AccountPin { .. } => Factor::AccountPin,
            Self::AppApproval { .. } => Factor::AppApproval,
            Self::OneTimeCode { .. } => Factor::OneTimeCode,
            Self::Document { .. } | Self::SecondPerson(_) => Factor::IdDocument,
        }
    }
}

/// Where a challenge stands. Time and epochs end an open one without touching it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    /// It may be met.
    Open,
    /// The customer said no.
    Declined {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was completed by an approval.
    Met {
        /// When.
        at: DateTime<Utc>,
        /// The approval.
        by: RecordId,
    },
    /// Given back by the asker.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
    },
}

/// How much of what was given is kept: more devices than a household has.
pub const GIVEN_MAX: usize = 8;

/// The wrong answer that ends a challenge.
pub const WRONG_ANSWERS_MAX: u8 = 5;

/// How many documents are scanned for one challenge.
pub const DOCUMENTS_SHOWN_MAX: u8 = 3;

/// How many codes are sent for one challenge. Asking for one more ends it.
pub const SENDINGS_MAX: u8 = 5;

impl Pending {
    /// Writes down what was given. A newer PIN takes the older one's place, and so does a device's approval its own: nobody's
    /// takes another's.
    pub fn give(&mut self, given: Given) {
        self.given.retain(|known| !known.proof.is_in_place_of(&given.proof));
        if self.given.len() < GIVEN_MAX {
            self.given.push(given);
        }
    }

    /// Whether a device has approved it already.
    pub fn has_approval_of(&self, device: &DeviceId) -> bool {
        self.given
            .iter()
            .any(|given| matches!(&given.proof, GivenProof::AppApproval { device: known } if known == device))
    }

    /// The document that was shown for it, as far as what was given counts.
    pub fn document<'a>(&self, given: impl Iterator<Item = &'a Given> + Clone) -> Option<ShownDocument<'a>> {
        let seconded = given.clone().find_map(|given| match given.proof {
            GivenProof::SecondPerson(seen) => Some((given, seen)),
            _ => None,
        });
        given.into_iter().find_map(|scanned| match &scanned.proof {
            GivenProof::Document { person, document: _ } => {
                Some(ShownDocument { scanned, person: person.as_ref(), seconded })
            }
            _ => None,
        })
    }

    /// The document that was shown for it, whether it counts or not.
    pub fn shown_document(&self) -> Option<ShownDocument<'_>> {
        self.document(self.given.iter())
    }

    /// When time alone may change how it stands.
    pub fn changes_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let seconded = self.shown_document().and_then(|shown| shown.seconded);
        let counts_from = seconded.map(|(_, seen)| seen.counts_from).filter(|from| *from > now);
        counts_from.map_or(self.expires_at, |from| from.min(self.expires_at))
    }

    /// Whether what was given reaches what it asks for at `now`, as far as was seen when it was given.
    pub fn is_answered(&self, now: DateTime<Utc>) -> bool {
        let is_code = |given: &Given| matches!(given.proof, GivenProof::OneTimeCode { .. });
        let is_beside = self.given.iter().any(|given| given.proof.factor() != Factor::IdDocument);
        let shown = self.shown_document().filter(|shown| shown.person.is_some());
        let is_seen = shown.and_then(|shown| shown.seconded).is_some_and(|(_, seen)| {
            let has_rested = seen.counts_from <= now || (is_beside && !seen.must_rest);
            seen.agrees && !seen.elsewhere && has_rested
        });
        let of_document = |given: &Given| given.proof.factor() == Factor::IdDocument;
        let has_other = self.given.iter().any(|given| !is_code(given) && (is_seen || !of_document(given)));
        let counts = |given: &&Given| match &given.proof {
            GivenProof::OneTimeCode { beside, .. } => has_other || !beside,
            _ => is_seen || !of_document(given),
        };
        let has_pin = self.given.iter().any(|given| given.proof.factor() == Factor::AccountPin);
        let needed = if has_pin { self.with_pin } else { self.required };
        level_of(self.given.iter().filter(counts).map(|given| given.proof.factor())) >= needed
    }

    /// Where it stands at `now`. `alive` says whether no lock was turned on since that covers its action.
    pub fn standing(&self, alive: bool, now: DateTime<Utc>) -> PendingStanding {
        match self.state {
            PendingState::Declined { .. } => PendingStanding::Declined,
            PendingState::Met { by, .. } => PendingStanding::Met(by),
            PendingState::Withdrawn { .. } => PendingStanding::Withdrawn,
            PendingState::Open if !alive => PendingStanding::Voided,
            PendingState::Open if self.expires_at <= now || self.is_worn() => PendingStanding::Lapsed,
            PendingState::Open => PendingStanding::Open,
        }
    }

    /// Whether too much of what was given was wrong, or more codes were asked for than are sent.
    pub const fn is_worn(&self) -> bool {
        self.wrong >= WRONG_ANSWERS_MAX || self.sendings > SENDINGS_MAX
    }

    /// Whether two have seen a document for it: then there is nothing more to show.
    pub fn is_seen(&self) -> bool {
        self.shown_document().is_some_and(|shown| shown.seconded.is_some())
    }

    /// Whether no more documents are scanned for it.
    pub fn takes_no_scan(&self) -> bool {
        self.is_seen() || self.documents >= DOCUMENTS_SHOWN_MAX
    }

    /// The text that an app key signs to approve exactly this. Its first line is another than that of a request's, so that no
    /// caller makes one pass for the other by the id it chooses.
    pub fn signing_input(&self) -> String {
        let Self { decision, named, action, change, .. } = self;
        format!("portcullis-challenge-v1\n{decision}\n{}\n{}\n{}", named.as_given(), action.name(), change.to_hex())
    }
}

/// Where a challenge stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingStanding {
    /// It may be met.
    Open,
    /// The customer said no.
    Declined,
    /// Its time is over, or too much of what was given was wrong.
    Lapsed,
    /// A lock was turned on since.
    Voided,
    /// It was completed by this approval.
    Met(RecordId),
    /// The asker gave it back.
    Withdrawn,
}

/// What a request says of the challenge that it completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completing {
    /// It completes none.
    #[default]
    Nothing,
    /// One that is open, and asks for so much at least.
    Open {
        /// The least proof.
        required: Level,
        /// The least where the account PIN is part of it.
        with_pin: Level,
    },
    /// One to which the customer said no.
    Declined,
    /// One that is over.
    Lapsed,
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{
        DocumentDigest, GIVEN_MAX, Given, GivenProof, Pending, PendingStanding, PendingState, SENDINGS_MAX, SeenBy,
        WRONG_ANSWERS_MAX,
    };
    use crate::domain::{
        Action, ChangeDigest, ContactId, DeviceId, Level, LineId, LineName, PersonId, Place, RecordId, Subject,
    };

    const RESTS: TimeDelta = TimeDelta::hours(4);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn pending(required: Level) -> Pending {
        Pending {
            decision: RecordId::from_u128(7),
            named: LineName::LineId(LineId::parse("line-1").unwrap()),
            line: LineId::parse("line-1").ok(),
            action: Action::SimChange,
            change: ChangeDigest([0xab; 32]),
            caller: Subject::parse("till-1").unwrap(),
            required,
            with_pin: required,
            expires_at: now() + TimeDelta::minutes(10),
            granted_seq: 3,
            given: Vec::new(),
            wrong: 0,
            documents: 0,
            sendings: 0,
            code: None,
            state: PendingState::Open,
        }
    }

    fn given(proof: GivenProof) -> Given {
        Given { at: now(), by: Subject::parse("ann").unwrap(), place: Place::default(), proof }
    }

    #[test]
    fn it_ends_with_its_time_its_fifth_wrong_answer_or_a_lock() {
        let open = pending(Level::Basic);
        let last = open.expires_at - TimeDelta::nanoseconds(1);
        assert_eq!(open.standing(true, last), PendingStanding::Open);
        assert_eq!(open.standing(true, open.expires_at), PendingStanding::Lapsed);
        assert_eq!(open.standing(false, last), PendingStanding::Voided);
        let wrong = |wrong| Pending { wrong, ..pending(Level::Basic) }.standing(true, now());
        assert_eq!(wrong(WRONG_ANSWERS_MAX - 1), PendingStanding::Open);
        assert_eq!(wrong(WRONG_ANSWERS_MAX), PendingStanding::Lapsed);
        let sent = |sendings| Pending { sendings, ..pending(Level::Basic) }.standing(true, now());
        assert_eq!(sent(SENDINGS_MAX), PendingStanding::Open);
        assert_eq!(sent(SENDINGS_MAX + 1), PendingStanding::Lapsed);
        let declined = Pending { state: PendingState::Declined { at: now() }, ..open };
        assert_eq!(declined.standing(false, declined.expires_at), PendingStanding::Declined);
    }

    #[test]
    fn it_is_answered_once_its_level_is_reached_and_one_of_a_factor_counts() {
        let mut basic = pending(Level::Basic);
        assert!(!basic.is_answered(now()));
        basic.give(given(GivenProof::AccountPin { set_at: now() }));
        assert!(basic.is_answered(now()));
        let mut strong = Pending { given: basic.given.clone(), ..pending(Level::Strong) };
        assert!(!strong.is_answered(now()));
        strong.give(given(GivenProof::AccountPin { set_at: now() + TimeDelta::seconds(1) }));
        assert_eq!((strong.given.len(), strong.is_answered(now())), (1, false));
        let approval = |device: &str| given(GivenProof::AppApproval { device: DeviceId::parse(device).unwrap() });
        strong.give(approval("phone"));
        assert_eq!((strong.given.len(), strong.is_answered(now())), (2, true));
        strong.give(approval("tablet"));
        strong.give(approval("phone"));
        assert_eq!(strong.given.len(), 3, "another device's takes no place but its own");
        (0..20).for_each(|number| strong.give(approval(&format!("device-{number}"))));
        assert!(strong.given.len() == GIVEN_MAX && strong.has_approval_of(&DeviceId::parse("tablet").unwrap()));
    }

    #[test]
    fn a_code_that_counts_beside_another_class_answers_nothing_alone() {
        let code = |contact: &str, beside| {
            let contact = ContactId::parse(contact).unwrap();
            given(GivenProof::OneTimeCode { contact, since: now(), beside })
        };
        let mut basic = pending(Level::Basic);
        basic.give(code("line", true));
        assert!(!basic.is_answered(now()));
        basic.give(code("mail", false));
        assert_eq!(
            (basic.given.len(), basic.is_answered(now())),
            (2, true),
            "another contact's takes no place but its own"
        );
        let mut two = pending(Level::TwoClasses);
        two.give(code("line", true));
        two.give(given(GivenProof::AccountPin { set_at: now() }));
        assert!(two.is_answered(now()));
    }

    #[test]
    fn with_the_pin_less_may_do() {
        let code =
            given(GivenProof::OneTimeCode { contact: ContactId::parse("mail").unwrap(), since: now(), beside: false });
        let mut lost = Pending { with_pin: Level::TwoClasses, ..pending(Level::Strong) };
        lost.give(code);
        assert!(!lost.is_answered(now()));
        lost.give(given(GivenProof::AccountPin { set_at: now() }));
        assert!(lost.is_answered(now()));
    }

    #[test]
    fn a_document_is_an_answer_once_another_person_has_seen_it_and_it_has_rested() {
        let later = now() + RESTS;
        let seen = SeenBy { counts_from: later, agrees: true, must_rest: false, elsewhere: false };
        let scan = |person: Option<&str>| {
            let person = person.map(|person| PersonId::parse(person).unwrap());
            given(GivenProof::Document { document: DocumentDigest([7; 16]), person })
        };
        let shown = |person, seen: Option<SeenBy>| {
            let mut strong = pending(Level::Strong);
            strong.give(scan(person));
            if let Some(seen) = seen {
                strong.give(given(GivenProof::SecondPerson(seen)));
            }
            strong
        };
        assert!(!shown(Some("ann"), None).is_answered(later), "nobody else has seen it");
        let mut strong = shown(Some("ann"), Some(seen));
        assert!(!strong.is_answered(later - TimeDelta::nanoseconds(1)) && strong.is_answered(later));
        strong.give(given(GivenProof::AccountPin { set_at: now() }));
        assert!(strong.is_answered(now()), "beside another class it need not rest");
        for not_so in [
            shown(None, Some(seen)),
            shown(Some("ann"), Some(SeenBy { agrees: false, ..seen })),
            shown(Some("ann"), Some(SeenBy { elsewhere: true, ..seen })),
        ] {
            assert!(!not_so.is_answered(later) && not_so.shown_document().is_some());
        }
        let mut flagged = shown(Some("ann"), Some(SeenBy { must_rest: true, ..seen }));
        flagged.give(given(GivenProof::AccountPin { set_at: now() }));
        assert!(!flagged.is_answered(now()) && flagged.is_answered(later));
    }

    /// Apps sign this: it never changes.
    #[test]
    fn the_text_that_is_signed() {
        let hex = "ab".repeat(32);
        let expected =
            format!("portcullis-challenge-v1\n00000000-0000-0000-0000-000000000007\nline-1\nSIM_CHANGE\n{hex}");
        assert_eq!(pending(Level::Basic).signing_input(), expected);
    }
}
