//! Names of rules.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

/// A rule's name: for those of the default policy `P` and the number of its paragraph, then a short name.
pub type RuleId = &'static str;

/// The longest name.
pub const RULE_ID_BYTES_MAX: usize = 64;

/// Every text met so far. They are few: those of the policies that this process loaded, and of the records it answered from.
static KNOWN: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

/// The one copy of a rule's name, kept for the life of the process, so that verdicts can name rules without copying names.
pub fn rule_id(name: &str) -> RuleId {
    interned(name)
}

/// The one copy of a text of a policy's.
pub(super) fn interned(text: &str) -> &'static str {
    // A panic elsewhere leaves the set whole.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match known.get(text) {
        Some(kept) => kept,
        None => {
            let kept: &'static str = Box::leak(text.into());
            known.insert(kept);
            kept
        }
    }
}

/// Whether a text can name a rule.
pub fn is_rule_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=RULE_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::{is_rule_id, rule_id};

    #[test]
    fn a_name_has_one_copy() {
        let (one, other) = (rule_id("P1-lock-on"), rule_id(&String::from("P1-lock-on")));
        assert!(std::ptr::eq(one, other));
        assert_eq!(one, "P1-lock-on");
    }

    #[test]
    fn names() {
        for (text, is_one) in [("P1-lock-on", true), ("mine-2", true), ("", false), ("a b", false), ("a,b", false)] {
            assert_eq!(is_rule_id(text), is_one, "{text}");
        }
        assert!(!is_rule_id(&"a".repeat(65)));
    }
}
