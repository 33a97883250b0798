//! Why something that exists cannot be used: each with its published name and with what to do about it.

macro_rules! refusals {
    ($($(#[$doc:meta])* $refusal:ident = $code:literal, $message:literal;)+) => {
        /// Why something that exists cannot be used. The codes are published, for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Refusal {
            $($(#[$doc])* $refusal,)+
        }

        impl Refusal {
            /// The machine-readable reason.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$refusal => $code),+ }
            }

            /// What to do about it.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$refusal => $message),+ }
            }
        }
    };
}

refusals! {
    /// The permit is not one of the engine's.
    PermitUnknown = "PERMIT_UNKNOWN",
        "the permit is not known: ask for a decision";
    /// The permit is for another line, change or caller.
    PermitMismatch = "PERMIT_MISMATCH",
        "the permit is for another line, change or caller: ask for a decision on this one";
    /// The permit's window has not opened.
    PermitNotYet = "PERMIT_NOT_YET",
        "the permit's window has not opened: wait for not_before_time";
    /// The permit's window is over.
    PermitExpired = "PERMIT_EXPIRED",
        "the permit has expired: ask for a decision again";
    /// The permit was used.
    PermitUsed = "PERMIT_USED",
        "the permit was used: it is good for one change";
    /// The permit was given back, or a lock or flag was set since.
    PermitVoid = "PERMIT_VOID",
        "the permit is void: it was given back, or protection changed since; ask for a decision again";
    /// A lock binds now.
    PermitLocked = "PERMIT_LOCKED",
        "a lock binds now: the change must not be carried out";
    /// The decision has no permit to give back.
    DecisionFinal = "DECISION_FINAL",
        "the decision has nothing left to give back";
    /// The lock is not on.
    LockNotOn = "LOCK_NOT_ON",
        "the lock is not on";
    /// A release is under way already.
    ReleaseUnderWay = "RELEASE_UNDER_WAY",
        "a release of this lock is already under way: cancel it first to ask for another";
    /// No such release is under way.
    NoSuchRelease = "NO_SUCH_RELEASE",
        "no such release is under way";
    /// A notice's code is not genuine, or what it was told with is over.
    NothingToCancel = "NOTHING_TO_CANCEL",
        "the code is no notice's, or there is nothing left to cancel of what it told of";
    /// The change needs the redeemed permit of its action.
    PermitNeeded = "PERMIT_NEEDED",
        "this lowers protection or moves what is protected: redeem a permit of its action first";
    /// A known device goes only by the word of one.
    DeviceKnown = "DEVICE_KNOWN",
        "a known device is taken off on a known device, or by the fraud desk: turn the lock on, and call it";
    /// The PIN is easily guessed.
    PinGuessable = "PIN_GUESSABLE",
        "the PIN is easily guessed: choose one without a pattern, a date or digits from the account";
    /// The PIN is the one before.
    PinUnchanged = "PIN_UNCHANGED",
        "the PIN is the one before: choose another";
    /// The line is on another account.
    AccountExistsElsewhere = "LINE_ON_ANOTHER_ACCOUNT",
        "the line belongs to another account: move it with MoveLine";
    /// The record has left the store.
    RecordArchived = "RECORD_ARCHIVED",
        "records of that time have left the store: they are in the archive";
    /// What belongs to all brands is the house's own matter.
    HouseOnly = "HOUSE_ONLY",
        "this concerns all brands: only the carrier's own brand may do it";
    /// Who asked for an export cannot approve it.
    SecondPersonNeeded = "SECOND_PERSON_NEEDED",
        "nobody is two people: somebody else must agree";
    /// A machine has no word where two people must agree.
    PersonNeeded = "PERSON_NEEDED",
        "two people must agree, and a client that is known by its certificate alone is none: sign in with a token";
    /// Nobody has approved the export yet.
    ExportNotApproved = "EXPORT_NOT_APPROVED",
        "nobody has approved the export yet: a second person must";
    /// The export's time is over.
    ExportExpired = "EXPORT_EXPIRED",
        "the export's time is over: ask for it again";
    /// There is no archive.
    ArchiveOff = "ARCHIVE_OFF",
        "this service has no archive: its settings name no `archive.folder`";
    /// A younger segment would go before an older one.
    SegmentNotOldest = "SEGMENT_NOT_OLDEST",
        "an older segment is there: the oldest goes first";
    /// The segment was deleted before.
    SegmentGone = "SEGMENT_GONE",
        "the segment was deleted before";
    /// Who or what asks is held.
    Held = "HELD",
        "who asks, or the carrier that gains, is held: the fraud desk must look first";
    /// The policy decided before, and nobody said that it may again.
    PolicyGoesBack = "POLICY_GOES_BACK",
        "this policy decided before: to go back to it must be said (`goes_back`; for a file `policy.may_go_back`)";
    /// The staged policy waited too long.
    PolicyExpired = "POLICY_EXPIRED",
        "the policy waited longer than a week, or for another program than this one: stage it again";
    /// The policy is changed by a file.
    PolicyByFile = "POLICY_BY_FILE",
        "the policy is changed by its file here: the setting `policy.source` says so";
    /// The challenge is over.
    ChallengeOver = "CHALLENGE_OVER",
        "the challenge is over: whoever still wants the change asks anew";
    /// This service sends no codes.
    CodesOff = "CODES_OFF",
        "this service sends no codes: its settings have no `messages`";
    /// The challenge asks for more than a code can prove.
    CodeNotEnough = "CODE_NOT_ENOUGH",
        "the challenge asks for more than a code can prove";
    /// No code goes to that contact now.
    ContactUnusable = "CONTACT_UNUSABLE",
        "no code goes to this contact now: choose another one";
    /// The challenge does not wait for others.
    AskAgain = "ASK_AGAIN",
        "this challenge waits for nobody: whoever asked asks again and brings the proof along";
    /// What was given ahead cannot be used.
    HandleOver = "HANDLE_OVER",
        "what was given ahead is used, over, or for another line or change: ask the customer to give it again";
    /// The line has left the account.
    LineMoved = "LINE_MOVED",
        "the line has left this account, and no lock set here would protect it: the fraud desk must stop it where it is";
    /// Nobody has scanned a document for the challenge.
    NoDocument = "NO_DOCUMENT",
        "nobody has scanned an identity document for this challenge: that comes first";
    /// The two saw too many documents together.
    PairWorn = "PAIR_WORN",
        "these two have seen as many documents together as is allowed within a day: somebody else must";
    /// A second person has seen a document for the challenge, or as many were scanned as are.
    DocumentSeen = "DOCUMENT_SEEN",
        "two have seen a document for this challenge, or three were scanned: whoever wants to show another asks anew";
    /// The policy takes no documents.
    DocumentsOff = "DOCUMENTS_OFF",
        "no identity documents are taken here: `document.taken` of the policy says so";
    /// Nobody is named who may separate lines.
    SeparationsOff = "SEPARATIONS_OFF",
        "no lines are separated here: `separations.people` of the settings names nobody who was trained for it";
    /// The separation's reference opens nothing here.
    SeparationRefused = "SEPARATION_REFUSED",
        "the separation's reference is forged, over or of another line: nothing was asked of the line's account";
    /// The line has not left that SIM by a change that can be disputed.
    SwapUnknown = "SWAP_UNKNOWN",
        "the line was not taken off that SIM within 90 days as far as is known, or it is back on it";
    /// A recovery of the line stands.
    RecoveryOpen = "RECOVERY_OPEN",
        "a SIM change of this line is reported already: let the line go back, or wait until that is over";
    /// The separation is not one that waits for a second word.
    SeparationNotProposed = "SEPARATION_NOT_PROPOSED",
        "the separation does not wait for a second person: it is open, over, or nobody agreed within a day";
}
