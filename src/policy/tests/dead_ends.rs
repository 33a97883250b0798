//! No dead end: whatever a customer has, and whatever is said of the line, who lost their phone gets another SIM by a way that the
//! answer names; or is told that there is none.

use chrono::{DateTime, Utc};

use super::documents::{named, shown};
use super::world::{Ask, World, days_ago, hours_ago, now};
use crate::domain::{
    CodeCheck, Completing, ContactValue, DocumentCheck, Factor, FactorOption, Outcome, PinCheck, PinOrigin, Reason,
    SimChangeCause, Usability, Verdict,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pin {
    None,
    Fit,
    TooNew,
    BeforeBreach,
    Default,
    Dormant,
    Off,
}

/// What a customer has.
#[derive(Debug, Clone, Copy)]
struct Has {
    pin: Pin,
    device: Option<&'static str>,
    /// Since when the contact is what it is.
    contact: Option<DateTime<Utc>>,
    name: bool,
    flagged: bool,
    codes: bool,
}

impl Has {
    fn every() -> Vec<Self> {
        let pins = [Pin::None, Pin::Fit, Pin::TooNew, Pin::BeforeBreach, Pin::Default, Pin::Dormant, Pin::Off];
        let contacts = [None, Some(days_ago(900)), Some(days_ago(10)), Some(hours_ago(1))];
        let mut every = Vec::new();
        for pin in pins {
            for device in [None, Some("ann-phone"), Some("ann-new")] {
                for contact in contacts {
                    for flags in 0..8_u8 {
                        let [name, flagged, codes] = [flags & 1 != 0, flags & 2 != 0, flags & 4 != 0];
                        every.push(Self { pin, device, contact, name, flagged, codes });
                    }
                }
            }
        }
        every
    }

    fn world(self) -> World {
        let mut world = named();
        world.account.persons.retain(|person| person.id.as_str() == "ann");
        world.account.devices.retain(|device| self.device == Some(device.id.as_str()));
        world.line.flags.heightened = self.flagged;
        if !self.name {
            world.account.persons.iter_mut().for_each(|person| person.name = None);
        }
        if let Some(since) = self.contact {
            world = world.contact("mail", ContactValue::Email("ann@example.com".to_owned()), since);
            world.credentials.history.contacts_changed.note(None, since);
        }
        let pin = world.credentials.pin.as_mut().unwrap();
        match self.pin {
            Pin::None => world.credentials.pin = None,
            Pin::Fit => {}
            Pin::TooNew => pin.set_at = hours_ago(1),
            Pin::BeforeBreach => world.breached_until = Some(now()),
            Pin::Default => pin.origin = PinOrigin::Carrier,
            Pin::Dormant => (pin.set_at, pin.verified_at) = (days_ago(4_000), None),
            Pin::Off => world.pin_failures = vec![hours_ago(1); 5],
        }
        world
    }

    /// The ask with all that the customer has of these factors, as it is given for a challenge.
    fn gives(self, ask: &Ask, factors: &[Factor]) -> Ask {
        let mut ask = ask.clone();
        if factors.contains(&Factor::AccountPin) && !matches!(self.pin, Pin::None | Pin::Off) {
            ask.checks.pin = PinCheck::Given;
        }
        if let Some(device) = self.device.filter(|_| factors.contains(&Factor::AppApproval)) {
            ask = ask.app(device);
        }
        if self.contact.is_some() && self.codes && factors.contains(&Factor::OneTimeCode) {
            ask = ask.code(CodeCheck::Given, "mail");
        }
        if self.name && factors.contains(&Factor::IdDocument) {
            ask = ask.shows(DocumentCheck::Given, shown(Some("ann"), Some(now())));
        }
        ask
    }
}

fn askers() -> Vec<(&'static str, Ask)> {
    vec![
        ("the owner's phone", Ask::owner()),
        ("a new phone", Ask::customer("ann", "ann-new")),
        ("a clerk", Ask::clerk()),
        ("a PIN pad", Ask::pad()),
        ("care", Ask::care()),
    ]
}

fn is_approved(verdict: &Verdict) -> bool {
    matches!(verdict.outcome, Outcome::Approve(_))
}

#[test]
fn a_lost_phone_is_no_dead_end() {
    let mut seen = [0; 4];
    for has in Has::every() {
        let world = has.world();
        for (who, ask) in askers() {
            let ask = ask.because(SimChangeCause::Lost).waits().with(|request| request.codes_sent = has.codes);
            let in_store = matches!(who, "a clerk" | "a PIN pad");
            let all: Vec<Factor> =
                Factor::ALL.into_iter().filter(|factor| in_store || *factor != Factor::IdDocument).collect();
            let context = || format!("{who}: {has:?}");
            // What would be if everything came at once.
            let at_once = is_approved(&world.decide(&has.gives(&ask, &all)));
            let first = world.decide(&ask);
            let challenge = match &first.outcome {
                Outcome::Challenge(challenge) => challenge,
                Outcome::Deny(_) => {
                    assert_eq!(
                        first.reasons.first().map(|given| given.reason),
                        Some(Reason::NoUsableFactor),
                        "{}",
                        context()
                    );
                    assert!(!at_once, "refused, and there is a way: {}", context());
                    seen[0] += 1;
                    continue;
                }
                Outcome::Approve(_) => panic!("without proof: {}", context()),
            };
            let open = Completing::Open { required: challenge.required, with_pin: challenge.with_pin };
            let complete = |factors: &[Factor]| world.decide(&has.gives(&ask, factors).completing(open));
            let with_all = complete(&all);
            assert_eq!(is_approved(&with_all), at_once, "asked at once, or for the challenge: {}", context());
            let usable = |option: &&FactorOption| option.usability == Usability::Usable;
            let named: Vec<Factor> = challenge.options.iter().filter(usable).map(|option| option.factor).collect();
            let with_named = complete(&named);
            assert_eq!(is_approved(&with_named), at_once, "what is named is the way: {}", context());
            if who == "the owner's phone" || who == "a new phone" {
                // Who may see the account is offered only what works.
                assert!(at_once, "{named:?} was offered: {}", context());
                seen[1] += 1;
            } else if at_once {
                seen[2] += 1;
            } else {
                // Nobody else learns that there is none, before the customer has proven something.
                let is_told = with_all.reasons.iter().any(|given| given.reason == Reason::NoUsableFactor);
                assert_eq!(is_told, !with_all.accepted.is_empty(), "{}: {:?}", context(), with_all.reasons);
                seen[3] += 1;
            }
        }
    }
    assert!(seen.into_iter().all(|count| count > 100), "{seen:?}");
}
