//! The closed set of privileged actions. Anything else is refused.

/// A privileged action on a line or account. Attackers chain these, so all are decided by one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// The number moves to another SIM or eSIM of the same carrier.
    SimChange = 1,
    /// The number moves to another carrier.
    PortOut = 2,
    /// A transfer PIN is made; it is as good as the port.
    TransferPinIssue = 3,
    /// A lock or a flag is taken off.
    LockRelease = 4,
    /// The account PIN is set or changed.
    PinChange = 5,
    /// A phone, e-mail or postal address of a person is set or removed.
    ContactChange = 6,
    /// Calls are forwarded to another number.
    CallForwardingSet = 7,
    /// An app key is added.
    DeviceAdd = 8,
    /// Owner, authorised users or the account of a line change.
    OwnerChange = 9,
}

impl Action {
    /// Every action, in the order of their stored numbers.
    pub const ALL: [Self; 9] = [
        Self::SimChange,
        Self::PortOut,
        Self::TransferPinIssue,
        Self::LockRelease,
        Self::PinChange,
        Self::ContactChange,
        Self::CallForwardingSet,
        Self::DeviceAdd,
        Self::OwnerChange,
    ];

    /// The stable name, as in records, metrics and the text that app keys sign.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SimChange => "SIM_CHANGE",
            Self::PortOut => "PORT_OUT",
            Self::TransferPinIssue => "TRANSFER_PIN_ISSUE",
            Self::LockRelease => "LOCK_RELEASE",
            Self::PinChange => "PIN_CHANGE",
            Self::ContactChange => "CONTACT_CHANGE",
            Self::CallForwardingSet => "CALL_FORWARDING_SET",
            Self::DeviceAdd => "DEVICE_ADD",
            Self::OwnerChange => "OWNER_CHANGE",
        }
    }

    /// The stored number; never reused.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The action of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.number() == number)
    }
}

/// Which actions a lock covers. What holds on a line is the union of its own and its account's locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LockSet {
    /// Port-out, and the transfer PIN that authorises it.
    Port = 1,
    /// SIM change.
    Sim = 2,
    /// Every action but releasing a lock.
    All = 3,
}

impl LockSet {
    /// Every lock set.
    pub const ALL: [Self; 3] = [Self::Port, Self::Sim, Self::All];

    /// Whether a lock of this set binds `action`.
    pub const fn covers(self, action: Action) -> bool {
        match self {
            Self::Port => matches!(action, Action::PortOut | Action::TransferPinIssue),
            Self::Sim => matches!(action, Action::SimChange),
            Self::All => !matches!(action, Action::LockRelease),
        }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "PORT",
            Self::Sim => "SIM",
            Self::All => "ALL",
        }
    }
}

/// Who holds a lock: both kinds bind alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LockHolder {
    /// The customer.
    Customer = 1,
    /// The carrier, on reasonable suspicion, with a reason.
    Carrier = 2,
}

impl LockHolder {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::Carrier => "CARRIER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, LockSet};

    #[test]
    fn lock_sets_cover_what_the_policy_says() {
        let covered = |set: LockSet| Action::ALL.into_iter().filter(|a| set.covers(*a)).collect::<Vec<_>>();
        assert_eq!(covered(LockSet::Port), [Action::PortOut, Action::TransferPinIssue]);
        assert_eq!(covered(LockSet::Sim), [Action::SimChange]);
        assert_eq!(covered(LockSet::All).len(), 8);
        assert!(!LockSet::All.covers(Action::LockRelease));
    }

    #[test]
    fn numbers_come_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_number(action.number()), Some(action));
        }
        assert_eq!(Action::from_number(0), None);
    }
}
