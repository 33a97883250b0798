//! A model of one line's protection that can be read at a glance: what it says of a call is what may come of it, and no more.

use chrono::{DateTime, TimeDelta, Utc};

/// What a call is to do, or to have another allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The number goes to the carrier that all ask for.
    Port,
    /// The line gets the SIM that all ask for.
    Sim,
    /// A code that is as good as the port.
    TransferPin,
    /// Another account PIN.
    Pin,
}

/// The locks that are turned on and off: three of the line's owner, one of the account's, one of the carrier's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Port,
    Sim,
    All,
    Account,
    Carrier,
}

impl Key {
    pub(crate) const ALL: [Self; 5] = [Self::Port, Self::Sim, Self::All, Self::Account, Self::Carrier];

    fn covers(self, what: What) -> bool {
        match self {
            Self::Port | Self::Carrier => matches!(what, What::Port | What::TransferPin),
            Self::Sim => what == What::Sim,
            Self::All | Self::Account => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    Off,
    On,
    Opening { release: u128, effective_at: DateTime<Utc>, relock_at: DateTime<Utc>, only: Option<What> },
}

/// Something that was granted and can be used, under its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grant {
    id: u128,
    what: What,
    until: DateTime<Utc>,
    kind: Kind,
    alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With the challenge that it completed and the transfer PIN that it rests on.
    Permit {
        completes: Option<u128>,
        pin: Option<u128>,
    },
    Challenge {
        answered: bool,
    },
    TransferPin,
}

/// One call. `of` names what it is about: a release, a challenge, a permit, a transfer PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Turn a lock on: the customer, or the fraud desk.
    Lock(Key),
    /// Ask for its release with the owner's approval, for one change or for a while.
    Release(Key, Option<What>),
    /// Cancel that release.
    Cancel(Key, u128),
    /// Ask with the owner's approval: a porting system for a port, the owner for a SIM.
    Ask(What),
    /// A porting system asks with a transfer PIN.
    AskWithPin(u128),
    /// A clerk asks with nothing.
    AskWithNothing,
    /// Proof for a challenge: right, or wrong.
    Give(u128, bool),
    /// A code is sent for it, which proves nothing by itself.
    SendCode(u128),
    /// The clerk goes on.
    Complete(u128),
    /// The customer says no, or that it was not them.
    Decline(u128, bool),
    /// Who asked gives it back.
    Withdraw(u128),
    Redeem(u128),
    Revoke(u128),
    /// Everybody looks: at the locks, at what waits, at what happened.
    Look,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Refused,
    Done,
    Released(u128),
    Approved(u128),
    Challenged(u128),
    /// Which locks are on.
    Seen([bool; Key::ALL.len()]),
}

/// The whole model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    locks: [Lock; Key::ALL.len()],
    grants: Vec<Grant>,
    left: bool,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self { locks: [Lock::Off; Key::ALL.len()], grants: Vec::new(), left: false }
    }

    /// Turns a lock on. What was granted under it is void.
    fn lock(&mut self, key: Key) {
        self.locks[key as usize] = Lock::On;
        self.void(key);
    }

    fn void(&mut self, key: Key) {
        self.grants.iter_mut().filter(|grant| key.covers(grant.what)).for_each(|grant| grant.alive = false);
    }

    /// What time alone has done.
    fn at(mut self, now: DateTime<Utc>) -> Self {
        for key in Key::ALL {
            if matches!(self.locks[key as usize], Lock::Opening { relock_at, .. } if relock_at <= now) {
                self.lock(key);
            }
        }
        self.grants.retain(|grant| grant.until > now);
        self
    }

    fn binds(&self, what: What, now: DateTime<Utc>) -> bool {
        Key::ALL.into_iter().filter(|key| key.covers(what)).any(|key| match self.locks[key as usize] {
            Lock::Off => false,
            Lock::On => true,
            Lock::Opening { effective_at, only, .. } => {
                // A port that is let through is let through with its code.
                let opens = only.is_none_or(|only| only == what || (only, what) == (What::Port, What::TransferPin));
                now < effective_at || !opens
            }
        })
    }

    fn may(&self, what: What, now: DateTime<Utc>) -> bool {
        // The account and its PIN are there without the line.
        !self.binds(what, now) && (!self.left || what == What::Pin)
    }

    fn alive(&mut self, id: u128) -> Option<&mut Grant> {
        self.grants.iter_mut().find(|grant| grant.id == id && grant.alive)
    }

    fn kill(&mut self, id: u128) {
        self.grants.iter_mut().filter(|grant| grant.id == id).for_each(|grant| grant.alive = false);
    }

    fn grant(&mut self, (id, what): (u128, What), life: TimeDelta, kind: Kind, now: DateTime<Utc>) {
        self.grants.push(Grant { id, what, until: now + life, kind, alive: true });
    }

    /// How things stand after a call of which that came; nothing where it may not come of it.
    ///
    /// What is refused needs no reason here: the policy may always ask for more. Turning protection on is never refused.
    pub(crate) fn step(self, call: Call, came: Came, now: DateTime<Utc>) -> Option<Self> {
        let mut next = self.at(now);
        match call {
            Call::Lock(key) if came == Came::Done => next.lock(key),
            Call::Lock(_) => return None,
            Call::Release(key, only) => next.release((key, only), came, now)?,
            Call::Cancel(key, of) => {
                let is_it = matches!(next.locks[key as usize], Lock::Opening { release, .. } if release == of);
                match (is_it, came) {
                    (true, Came::Done) => next.lock(key),
                    (false, Came::Refused) => {}
                    _ => return None,
                }
            }
            Call::Ask(_) | Call::AskWithPin(_) | Call::AskWithNothing | Call::Complete(_) => {
                next.asked(call, came, now)?;
            }
            Call::Look => next.seen(came)?,
            Call::Decline(_, true) if came == Came::Refused => return None,
            _ if came == Came::Refused => {}
            _ if came == Came::Done => next.done(call, now)?,
            _ => return None,
        }
        Some(next)
    }

    fn release(&mut self, (key, only): (Key, Option<What>), came: Came, now: DateTime<Utc>) -> Option<()> {
        let Came::Released(release) = came else { return (came == Came::Refused).then_some(()) };
        let effective_at = now + TimeDelta::minutes(15);
        let opening = Lock::Opening { release, effective_at, relock_at: effective_at + TimeDelta::days(7), only };
        let before = std::mem::replace(&mut self.locks[key as usize], opening);
        (before == Lock::On).then_some(())
    }

    /// What asks for a decision.
    fn asked(&mut self, call: Call, came: Came, now: DateTime<Utc>) -> Option<()> {
        let minutes = TimeDelta::minutes(10);
        let what = match call {
            Call::Ask(what) => what,
            Call::AskWithPin(_) => What::Port,
            _ => What::Sim,
        };
        let id = match came {
            Came::Refused => return Some(()),
            Came::Challenged(_) if matches!(call, Call::Complete(_)) => return Some(()),
            Came::Challenged(id) => {
                self.grant((id, what), minutes, Kind::Challenge { answered: false }, now);
                return Some(());
            }
            Came::Approved(id) if self.may(what, now) => id,
            _ => return None,
        };
        let (mut completes, mut rests_on) = (None, None);
        match call {
            Call::Ask(What::TransferPin) => {
                self.grant((id, what), TimeDelta::days(7), Kind::TransferPin, now);
                return Some(());
            }
            Call::Ask(What::Pin) => return Some(()),
            Call::AskWithPin(pin) => {
                self.alive(pin)?;
                rests_on = Some(pin);
            }
            Call::Complete(of) => {
                let challenge = self.alive(of).filter(|grant| grant.kind == Kind::Challenge { answered: true })?;
                challenge.alive = false;
                completes = Some(of);
            }
            // Nobody is approved who proved nothing.
            Call::AskWithNothing => return None,
            _ => {}
        }
        self.grant((id, what), minutes, Kind::Permit { completes, pin: rests_on }, now);
        Some(())
    }

    /// What was done with something that was granted.
    fn done(&mut self, call: Call, now: DateTime<Utc>) -> Option<()> {
        match call {
            Call::Give(of, is_right) => {
                if let Some(Grant { kind: Kind::Challenge { answered }, .. }) = self.alive(of) {
                    *answered |= is_right;
                }
            }
            Call::Decline(of, not_me) => {
                let ends = |grant: &&mut Grant| {
                    grant.id == of || matches!(grant.kind, Kind::Permit { completes: Some(met), .. } if met == of)
                };
                self.grants.iter_mut().filter(ends).for_each(|grant| grant.alive = false);
                if not_me {
                    self.lock(Key::All);
                }
            }
            Call::Withdraw(of) | Call::Revoke(of) => self.kill(of),
            Call::Redeem(of) => self.redeem(of, now)?,
            _ => {}
        }
        Some(())
    }

    fn seen(&mut self, came: Came) -> Option<()> {
        let Came::Seen(on) = came else { return None };
        // Of one that is being released the call says more than on and off.
        let agrees = |(lock, on): (&Lock, bool)| match lock {
            Lock::On => on,
            Lock::Off => !on,
            Lock::Opening { .. } => true,
        };
        self.locks.iter().zip(on).all(agrees).then_some(())
    }

    fn redeem(&mut self, of: u128, now: DateTime<Utc>) -> Option<()> {
        let Grant { what, kind: Kind::Permit { pin, .. }, .. } = *self.alive(of)? else { return None };
        if !self.may(what, now) {
            return None;
        }
        if let Some(pin) = pin {
            self.alive(pin)?;
            self.kill(pin);
        }
        self.kill(of);
        for key in Key::ALL {
            // A release for one change is over with it.
            if matches!(self.locks[key as usize], Lock::Opening { only: Some(only), .. } if only == what) {
                self.lock(key);
            }
        }
        if what == What::Port {
            self.left = true;
            self.grants.clear();
        }
        Some(())
    }
}

#[test]
fn the_model_lets_nothing_past_a_lock() {
    let now = crate::world::start();
    let then = |model: Model, call, came| model.step(call, came, now);
    let granted = then(Model::new(), Call::Ask(What::Sim), Came::Approved(1)).unwrap();
    assert!(then(granted.clone(), Call::Redeem(1), Came::Done).is_some());
    let locked = then(granted, Call::Lock(Key::Sim), Came::Done).unwrap();
    assert!(then(locked.clone(), Call::Redeem(1), Came::Done).is_none());
    assert!(then(locked.clone(), Call::Ask(What::Sim), Came::Approved(2)).is_none());
    assert!(then(locked.clone(), Call::Ask(What::Port), Came::Approved(2)).is_some());
    assert!(then(locked, Call::Lock(Key::Port), Came::Refused).is_none());
    let asked = then(Model::new(), Call::AskWithNothing, Came::Challenged(3)).unwrap();
    assert!(then(asked.clone(), Call::Complete(3), Came::Approved(4)).is_none());
    let given = then(asked, Call::Give(3, true), Came::Done).unwrap();
    let declined = then(given.clone(), Call::Decline(3, false), Came::Done).unwrap();
    assert!(then(declined, Call::Complete(3), Came::Approved(4)).is_none());
    assert!(then(given, Call::Complete(3), Came::Approved(4)).is_some());
}
