//! The one documented schema of facts: what each is called in rules and in records, what it is and what it means.
//!
//! The type checker knows facts from here, the reference of facts is printed from here, and records name them from here.
//! A number is never given to another fact.

use super::fact::{DERIVED_FROM, FACTS_MAX, Fact, Kind, UNREAD, change};
use super::symbols as names;
use Kind::{Age, Count, Flag, Miles, Symbol, Until};

/// Every fact, in the order of numbers.
pub const FACTS: &[Fact] = &[
    Fact::new(1, "action", "request.action", Symbol(names::ACTION), "What is asked."),
    Fact::new(2, "channel", "request.channel", Symbol(names::CHANNEL), "Through what it is asked."),
    Fact::new(
        3,
        "asker",
        "request.asker",
        Symbol(names::ASKER),
        "The kind of identity that asks; of a customer, their place on the account as far as this line goes.",
    ),
    Fact::new(
        4,
        "asker_device",
        "request.device",
        Symbol(names::ASKER_DEVICE),
        "The device a customer is signed in on: known once it was on the account, or proven, long enough.",
    ),
    Fact::new(5, "change_in", "request.planned_in", Until, "How far ahead the change is planned; zero for at once."),
    Fact::new(6, "line_unknown", "line.unknown", Flag, "Whether nobody has this line here."),
    Fact::new(7, "line_status", "line.status", Symbol(names::LINE_STATUS), "Whether the line is in service."),
    Fact::new(
        8,
        "stance",
        "lock.stance",
        Symbol(names::STANCE),
        "What the locks of line and account say together to the change that is asked.",
    )
    .over(&[change(4, 9, false), change(3, 9, true)]),
    Fact::instant(9, "stance_until", "Until when a lock that was released still refuses."),
    Fact::new(
        10,
        "same_way_as_release",
        "lock.released_this_way",
        Flag,
        "Whether a release that still guards came by this request's own channel or device.",
    ),
    Fact::new(11, "flagged", "line.flagged", Flag, "Whether line or account is flagged."),
    Fact::new(
        12,
        "sim_changed",
        "line.sim_changed_ago",
        Age,
        "How long ago the line's SIM last changed. Going back is a change too.",
    ),
    Fact::new(13, "cause", "request.cause", Symbol(names::CAUSE), "Why the SIM is said to be changed, where it is."),
    Fact::new(14, "resets", "account.resets", Count, "Resets of PIN, password and contacts within their cool-down.")
        .over(&[change(2, 15, true), change(1, 16, true)]),
    Fact::instant(15, "resets_two_until", "Until when two resets are within their cool-down."),
    Fact::instant(16, "resets_one_until", "Until when one is."),
    Fact::new(17, "pin_check", "pin.check", Symbol(names::PIN_CHECK), "What looking at the account PIN found."),
    Fact::new(
        18,
        "pin_fitness",
        "pin.fitness",
        Symbol(names::PIN_FITNESS),
        "What a right account PIN is worth by its age and origin.",
    ),
    Fact::instant(19, "pin_too_new_until", "Until when the account PIN is too new."),
    Fact::new(
        20,
        "pin_entry_counts",
        "pin.entry_counts",
        Flag,
        "Whether who entered the account PIN, and what it is for, let it count.",
    ),
    Fact::new(
        21,
        "pin_failures",
        "pin.failures",
        Count,
        "Wrong account PINs within the window, this one included, whatever the channel.",
    )
    .over(&[change(0, 22, true)]),
    Fact::instant(22, "pin_failures_many_until", "Until when they are enough to raise the proof."),
    Fact::instant(23, "pin_off_until", "Until when the account PIN is off."),
    Fact::new(
        24,
        "transfer_pin",
        "transfer_pin.check",
        Symbol(names::TRANSFER_PIN),
        "What looking at the transfer PIN found.",
    ),
    Fact::new(25, "transfer_pin_issued", "transfer_pin.issued_ago", Age, "How long ago a right one was issued."),
    Fact::new(
        26,
        "transfer_pin_proven",
        "transfer_pin.proven",
        Flag,
        "Whether a right one was asked from a known device and not through care.",
    ),
    Fact::new(
        27,
        "transfer_pin_same_way_as_release",
        "transfer_pin.released_this_way",
        Flag,
        "Whether it was asked through the channel that lately released a lock, after that release.",
    ),
    Fact::new(28, "app", "app.check", Symbol(names::APP), "What looking at the app approval found."),
    Fact::new(
        29,
        "app_older_than_resets",
        "app.older_than_resets",
        Flag,
        "Whether the approving device was there before every reset within the cool-down.",
    ),
    Fact::new(30, "app_same_device", "app.same_device", Flag, "Whether the request came from the approving device."),
    Fact::instant(31, "app_usable_from", "When an app approval could be given; absent where never."),
    Fact::new(32, "has_known_device", "account.has_known_device", Flag, "Whether the account has a known device, or had one within `device.known_after`."),
    Fact::new(
        33,
        "account_number",
        "claims.account_number",
        Symbol(names::FIELD),
        "The account number given, held against the account.",
    ),
    Fact::new(34, "postal_code", "claims.postal_code", Symbol(names::FIELD), "The postal code given."),
    Fact::new(35, "holder_name", "claims.holder_name", Symbol(names::FIELD), "The holder's name given."),
    Fact::new(36, "old_sim", "claims.old_sim", Symbol(names::FIELD), "The present SIM given with a SIM change."),
    Fact::new(
        37,
        "worthless",
        "claims.worthless",
        Count,
        "How many facts were offered that prove nothing in any number.",
    ),
    Fact::new(
        38,
        "distance_from_home_miles",
        "signal.distance_from_home_miles",
        Miles,
        "Miles between the place of the request and the customer's home.",
    )
    .observed(),
    Fact::new(39, "device_sale", "signal.device_sale", Flag, "Whether a device is sold along.").observed(),
    Fact::new(40, "store_closes_within", "signal.store_closes_within", Until, "Time until the store closes.")
        .observed(),
    Fact::new(
        41,
        "signals_missing",
        "signal.required_missing",
        Count,
        "More than 0 while a signal is missing that the policy requires for this action on this channel.",
    ),
    Fact::new(
        UNREAD,
        "windows_unread",
        "velocity.unread",
        Flag,
        "Whether what is counted over many accounts could not be read: then none of it is known.",
    ),
    Fact::new(
        43,
        "source_failed_accounts",
        "velocity.source_failed_accounts",
        Count,
        "Accounts whose PINs were wrong within an hour, this one included, from the worst of the request's sources; none \
         where it got at least half of them right since.",
    )
    .counted(),
    Fact::new(
        44,
        "source_failed",
        "velocity.source",
        Symbol(names::SOURCE),
        "Which of the request's sources that is.",
    )
    .counted(),
    Fact::new(
        45,
        "pin_value_failed_accounts",
        "velocity.pin_value_failed_accounts",
        Count,
        "Accounts on which the PIN that was offered was wrong within an hour, this one included.",
    )
    .counted(),
    Fact::new(
        46,
        "staff_unproven_accounts",
        "velocity.staff_unproven_accounts",
        Count,
        "Other accounts on which this member of staff began changes within an hour without a sign of their customers.",
    )
    .counted(),
    Fact::new(
        47,
        "staff_accounts_at_once",
        "velocity.staff_accounts_at_once",
        Count,
        "Other accounts that this member of staff asked about under a second apart.",
    )
    .counted(),
    Fact::new(
        48,
        "begun_without_customer",
        "request.begun_without_customer",
        Flag,
        "Whether staff asks, without a sign of the customer.",
    ),
    Fact::new(
        49,
        "lines_leaving",
        "velocity.lines_leaving",
        Count,
        "Lines of the account that asked to leave within 24 hours, this one included.",
    )
    .counted(),
    Fact::new(
        50,
        "lines_leaving_percent",
        "velocity.lines_leaving_percent",
        Count,
        "How many of a hundred of the account's lines that is, rounded down.",
    )
    .counted(),
    Fact::new(51, "business", "account.business", Flag, "Whether the account is a business's."),
    Fact::new(
        52,
        "ports_to_carrier",
        "velocity.ports_to_carrier",
        Count,
        "Accounts that asked to go to the same carrier within 7 days and were not refused, up to 100.",
    )
    .counted(),
    Fact::new(
        53,
        "ports_to_dealer",
        "velocity.ports_to_dealer",
        Count,
        "Accounts that asked to go to the same dealer of it, counted alike.",
    )
    .counted(),
    Fact::new(
        54,
        "handset_other_accounts",
        "velocity.handset_other_accounts",
        Count,
        "Other accounts whose SIM was changed to the same handset within 30 days.",
    )
    .counted(),
    Fact::new(
        55,
        "held",
        "request.held",
        Symbol(names::HELD),
        "What of the request is held, until two people lift it: who asks, where or over what they ask, or the carrier that \
         gains.",
    ),
    Fact::new(
        56,
        "shipped",
        "request.shipped",
        Flag,
        "Whether the new SIM is said to be sent to the postal address on record.",
    ),
    Fact::new(
        57,
        "staff_lapsed_accounts",
        "velocity.staff_lapsed_accounts",
        Count,
        "Other accounts on which this member of staff began changes within 10 days without a sign of their customers, and that \
         nobody proved while a challenge lives, or since.",
    )
    .counted(),
    Fact::new(
        58,
        "app_key_added",
        "app.key_added_ago",
        Age,
        "How long ago the key of the approving device was added.",
    ),
    Fact::new(
        59,
        "sweeps_lapsed",
        "velocity.sweeps_lapsed",
        Count,
        "Lines of the account whose leaving was challenged within 24 hours as one of many, and that was not approved while a \
         challenge lives, or since.",
    )
    .counted(),
    Fact::new(
        60,
        "read_accounts_leaving",
        "velocity.read_accounts_leaving",
        Count,
        "Accounts that one identity read among 100 or more within 24 hours, and that asked to go to the same carrier within 7 \
         days, this one included; none where nobody read this one so within 7 days.",
    )
    .counted(),
    Fact::new(
        61,
        "roster",
        "staff.roster",
        Symbol(names::ROSTER),
        "How who asks stands to their roster, half an hour before and after its hours included; of staff in a store also by          its stores and devices, and by the devices that are registered for the store. Unknown where their token tells no          roster and nothing speaks against them.",
    ),
    Fact::new(
        62,
        "store_network",
        "store.network",
        Symbol(names::NETWORK),
        "How a store's device stands to the networks that are registered for its store. Unknown where none are, and for whoever          asks from no store.",
    ),
    Fact::new(
        63,
        "challenge",
        "challenge.state",
        Symbol(names::CHALLENGE),
        "How the challenge stands that the request completes. A lock turned on since, or five wrong answers, end it as its time does.",
    ),
    Fact::new(
        64,
        "challenge_required",
        "challenge.required",
        Symbol(names::LEVEL),
        "The proof that an open challenge which is completed asked for.",
    ),
    Fact::new(
        65,
        "code",
        "code.check",
        Symbol(names::CODE),
        "What looking at the one-time code found: right where the customer entered it, beside where it counts only beside \
         another class, unfit where the contact that it went to proves nothing now.",
    ),
    Fact::new(
        66,
        "document",
        "document.check",
        Symbol(names::DOCUMENT),
        "What looking at the identity document found: right once another person of the staff has seen it and it has rested; same \
         store where the line is flagged and both were in one.",
    )
    .over(&[change(4, 67, false)]),
    Fact::instant(67, "document_rests_until", "Until when it rests."),
    Fact::new(
        68,
        "document_elsewhere",
        "document.elsewhere",
        Flag,
        "Whether the identity document was shown on another customer's account within 30 days.",
    ),
    Fact::new(
        69,
        "documents",
        "document.can_be_shown",
        Symbol(names::DOCUMENTS),
        "Whether an identity document could be shown for what is asked.",
    ),
    Fact::new(
        70,
        "log_in_failures",
        "account.log_in_failures",
        Count,
        "Log-ins that failed within 24 hours, at most 40. Those that succeeded take none away.",
    )
    .over(&[change(20, 71, true)]),
    Fact::instant(71, "log_in_failures_many_until", "Until when 20 log-ins that failed are within 24 hours."),
    Fact::new(
        72,
        "log_in_failure_sources",
        "account.log_in_failure_sources",
        Count,
        "From how many network addresses those log-ins came, as far as they were told.",
    ),
    Fact::new(73, "logged_in", "account.logged_in_ago", Age, "How long ago somebody last signed in."),
    Fact::new(74, "forwarding_set", "line.forwarding_set_ago", Age, "How long ago call forwarding was last set."),
    Fact::new(
        75,
        "reset_kinds",
        "account.reset_kinds",
        Count,
        "How many of PIN, password and contact were reset within their cool-down.",
    ),
    Fact::new(
        76,
        "reset_by_mailbox",
        "account.reset_by_mailbox_ago",
        Age,
        "How long ago a PIN or password was last reset through a mailbox or messages.",
    ),
    Fact::new(
        77,
        "third_party_payment",
        "account.third_party_payment_ago",
        Age,
        "How long ago somebody else last paid for the account.",
    ),
    Fact::new(
        78,
        "transfer_pin_in_call",
        "transfer_pin.in_call",
        Flag,
        "Whether a right transfer PIN was issued while the line was in an inbound call.",
    ),
    Fact::new(79, "in_call", "line.in_call", Flag, "Whether the line is in an inbound call."),
    Fact::new(
        80,
        "device_proven",
        "request.device_proven_ago",
        Age,
        "How long ago the customer first proved themselves strongly on the device that asks. Log-ins do not count.",
    ),
    Fact::new(
        81,
        "number_reassigned",
        "line.number_reassigned_ago",
        Age,
        "How long ago the line's number was given to another subscription.",
    ),
    Fact::new(82, "fraud_reported", "line.fraud_reported", Flag, "Whether fraud on line or account was reported."),
    Fact::new(83, "contact_changed", "contact.changed_ago", Age, "How long ago any contact of the account last changed."),
    Fact::new(
        84,
        "address_changed",
        "contact.address_changed_ago",
        Age,
        "How long ago a postal address of the account last changed. A change whose kind nobody told counts as one of each.",
    ),
    Fact::new(
        85,
        "email_changed",
        "contact.email_changed_ago",
        Age,
        "How long ago a mailbox of the account last changed, counted alike.",
    ),
    Fact::new(
        86,
        "phone_changed",
        "contact.phone_changed_ago",
        Age,
        "How long ago a number for texts or calls of the account last changed, counted alike.",
    ),
    Fact::new(
        87,
        "attached",
        "line.attached_ago",
        Age,
        "How long ago the network last had the line on the SIM that it is on.",
    ),
    Fact::new(
        88,
        "goes_back",
        "line.goes_back",
        Flag,
        "Whether the change takes the line back, once, to the SIM that it was on before one that is reported as somebody else's.",
    ),
    Fact::new(
        89,
        "lock_passed",
        "lock.passed",
        Flag,
        "Whether that way back passes a lock, which its customer set since the change that is reported.",
    ),
    Fact::new(120, "pin_off", "pin.off", Flag, "Whether the account PIN is off after too many wrong ones.")
        .over(&[change(1, 23, true)]),
    Fact::new(121, "proof_any", "proof.any", Flag, "Whether any factor offered counts: customer proof."),
    Fact::new(122, "proof_account_pin", "proof.account_pin", Flag, "Whether the account PIN counts as proof."),
    Fact::new(123, "proof_transfer_pin", "proof.transfer_pin", Flag, "Whether the transfer PIN counts as proof."),
    Fact::new(124, "proof_app", "proof.app", Flag, "Whether the app approval counts as proof."),
    Fact::new(125, "proof_code", "proof.code", Flag, "Whether the one-time code counts as proof."),
    Fact::new(126, "proof_document", "proof.document", Flag, "Whether the identity document counts as proof."),
];

/// For each number the place of its fact in [`FACTS`], past its end where there is none.
#[expect(clippy::indexing_slicing, reason = "looked at when it is compiled")]
pub(super) const PLACES: [u8; FACTS_MAX] = {
    let mut places = [u8::MAX; FACTS_MAX];
    let (mut rest, mut place) = (FACTS, 0);
    while let [fact, others @ ..] = rest {
        places[fact.number as usize] = place;
        (rest, place) = (others, place + 1);
    }
    places
};

/// The name of a recorded fact's number.
pub fn fact_name(number: u16) -> Option<&'static str> {
    let known = u8::try_from(number).ok().filter(|number| *number < DERIVED_FROM);
    known.and_then(Fact::numbered).map(|fact| fact.label)
}

#[cfg(test)]
mod tests;
