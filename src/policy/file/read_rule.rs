//! Reading one rule of a file.

use chrono::TimeDelta;
use toml::de::DeTable;

use super::error::PolicyFileError;
use super::place::Source;
use super::read_knobs::{Value, field, instant, number};
use super::read_reason::reason_of;
use crate::domain::{Action, HoldKind, LockSet, OwnReason, Reason, is_rule_id, rule_id};
use crate::policy::language::{Constants, compile, nearest};
use crate::policy::rules::{Actions, IfUnknown, Rule, RuleEffect, WAIT_MAX};
use crate::policy::span::parse_span;

/// What a rule may say.
const FIELDS: [&str; 12] = [
    "id",
    "on",
    "on_all_but",
    "when",
    "points",
    "at_least",
    "wait",
    "reason",
    "effective",
    "if_unknown",
    "hold",
    "lock",
];

/// What a rule does is one of these.
const EFFECT: &str = "`points`, `at_least` or `wait`";

/// What rules may hold. Carriers are held by hand.
const HELD_BY_RULES: [HoldKind; 5] =
    [HoldKind::Staff, HoldKind::Store, HoldKind::Device, HoldKind::Certificate, HoldKind::Token];

/// What rules may name besides facts.
pub(super) struct Terms {
    /// The policy's knobs.
    pub(super) constants: Constants,
    /// The reasons that it declares.
    pub(super) reasons: Vec<OwnReason>,
}

/// A rule as it stands in a file.
pub(super) struct ReadRule {
    pub(super) rule: Rule,
    /// Where its name stands.
    pub(super) at: usize,
    /// Whether it says that it replaces one of the policy that is extended.
    pub(super) replaces: bool,
}

/// Reads the rule of a table.
pub(super) fn read_rule(source: Source<'_>, value: &Value<'_>, terms: &Terms) -> Result<ReadRule, PolicyFileError> {
    let Some(table) = value.get_ref().as_table() else {
        return Err(source.error(value.span().start, "a rule is a table, [[rule]]"));
    };
    let reader = Reader { source, table, at: value.span().start };
    let id = reader.text("id")?;
    let id = match id {
        Some((id, at)) if is_rule_id(id) => (id, at),
        Some((_, at)) => {
            return Err(source.error(at, "a rule's `id` is 1 to 64 letters, digits and hyphens"));
        }
        None => return Err(source.error(reader.at, "a rule needs an `id`")),
    };
    reader.rule(id, terms).map_err(|error| error.of_rule(id.0))
}

struct Reader<'a> {
    source: Source<'a>,
    table: &'a DeTable<'a>,
    at: usize,
}

impl Reader<'_> {
    fn rule(&self, (id, at): (&str, usize), terms: &Terms) -> Result<ReadRule, PolicyFileError> {
        let known = |name: &str| FIELDS.contains(&name) || name == "replaces";
        if let Some(key) = self.table.keys().find(|key| !known(key.get_ref())) {
            let name = key.get_ref();
            let meant = nearest(name, FIELDS.into_iter().chain(["replaces"]));
            let meant = meant.map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
            return Err(self.source.error(key.span().start, format!("a rule has no `{name}`{meant}")));
        }
        let (effect, on) = (self.effect()?, self.actions()?);
        self.check_waits(effect, on)?;
        let rule = Rule {
            id: rule_id(id),
            on,
            when: self.when(&terms.constants)?,
            effect,
            hold: self.hold(effect)?,
            lock: self.lock(effect)?,
            reason: self.reason(&terms.reasons)?,
            if_unknown: self.if_unknown()?,
            effective: match field(self.table, "effective") {
                Some(value) => Some(instant(value.get_ref()).ok_or_else(|| {
                    self.source.error(value.span().start, "`effective` must be an instant such as 2026-07-01T00:00:00Z")
                })?),
                None => None,
            },
        };
        let replaces = match field(self.table, "replaces") {
            Some(value) => value
                .get_ref()
                .as_bool()
                .ok_or_else(|| self.source.error(value.span().start, "`replaces` must be true or false"))?,
            None => false,
        };
        Ok(ReadRule { rule, at, replaces })
    }

    fn text(&self, name: &str) -> Result<Option<(&str, usize)>, PolicyFileError> {
        let Some(value) = field(self.table, name) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some((text, value.span().start))),
            None => Err(self.source.error(value.span().start, format!("`{name}` must be a text in quotes"))),
        }
    }

    fn actions(&self) -> Result<Actions, PolicyFileError> {
        match (field(self.table, "on"), field(self.table, "on_all_but")) {
            (None, None) => Ok(Actions::ALL),
            (Some(listed), None) => Ok(Actions::of(&self.listed(listed, "on")?)),
            (None, Some(listed)) => Ok(Actions::all_but(&self.listed(listed, "on_all_but")?)),
            (Some(_), Some(other)) => {
                Err(self.source.error(other.span().start, "a rule has `on` or `on_all_but`, not both"))
            }
        }
    }

    fn listed(&self, value: &Value<'_>, name: &str) -> Result<Vec<Action>, PolicyFileError> {
        let listed = value.get_ref().as_array().filter(|listed| !listed.is_empty()).ok_or_else(|| {
            self.source.error(value.span().start, format!("`{name}` must be a list of actions, [\"SIM_CHANGE\"]"))
        })?;
        let action = |value: &Value<'_>| {
            let name = value.get_ref().as_str().unwrap_or_default();
            Action::ALL.into_iter().find(|action| action.name() == name).ok_or_else(|| {
                let known = Action::ALL.map(Action::name);
                let meant = nearest(name, known.into_iter());
                let meant = meant.map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
                let message = format!("`{name}` is none of {}{meant}", known.join(", "));
                self.source.error(value.span().start, message)
            })
        };
        listed.iter().map(action).collect()
    }

    fn when(&self, constants: &Constants) -> Result<crate::policy::Test, PolicyFileError> {
        let Some((expression, _)) = self.text("when")? else {
            return Err(self.source.error(self.at, "a rule needs a `when`: the condition under which it holds"));
        };
        let span = field(self.table, "when").map_or(0..0, Value::span);
        compile(expression, constants).map_err(|error| self.source.expression(span, expression, &error))
    }

    fn effect(&self) -> Result<RuleEffect, PolicyFileError> {
        match (field(self.table, "points"), self.text("at_least")?, self.text("wait")?) {
            (Some(value), None, None) => number(value.get_ref()).map(RuleEffect::Points).ok_or_else(|| {
                self.source.error(value.span().start, "`points` must be a whole number, not negative: rules only raise")
            }),
            (None, None, Some((text, at))) => {
                let wait = parse_span(text).filter(|wait| *wait > TimeDelta::zero() && *wait <= WAIT_MAX);
                let expected = "`wait` must be a time such as 30m or 24h, at most 7d";
                wait.map(RuleEffect::Wait).ok_or_else(|| self.source.error(at, expected))
            }
            (None, Some((name, at)), None) => {
                let named = RuleEffect::NAMED.iter().find(|(known, _)| *known == name);
                named.map(|(_, effect)| *effect).ok_or_else(|| {
                    let known: Vec<&str> = RuleEffect::NAMED.iter().map(|(known, _)| *known).collect();
                    self.source.error(at, format!("`at_least` must be one of {}", known.join(", ")))
                })
            }
            (None, None, None) => Err(self.source.error(self.at, format!("a rule needs {EFFECT}"))),
            (_, Some((_, at)), _) | (_, _, Some((_, at))) => {
                Err(self.source.error(at, format!("a rule has one of {EFFECT}: make two rules of it")))
            }
        }
    }

    /// What is carried out here has no permit that could wait.
    fn check_waits(&self, effect: RuleEffect, on: Actions) -> Result<(), PolicyFileError> {
        let at_once = [Action::TransferPinIssue, Action::LockRelease, Action::PinChange];
        match (effect, at_once.into_iter().find(|action| on.has(*action))) {
            (RuleEffect::Wait(_), Some(action)) => {
                let message = format!("only a permit can `wait`, and {} has none: leave it out of `on`", action.name());
                Err(self.source.error(self.at, message))
            }
            _ => Ok(()),
        }
    }

    fn reason(&self, declared: &[OwnReason]) -> Result<Reason, PolicyFileError> {
        let Some((code, at)) = self.text("reason")? else {
            return Err(self.source.error(self.at, "a rule needs a `reason`: the code that is answered"));
        };
        reason_of(code, declared).map_err(|message| self.source.error(at, message))
    }

    /// One kind, or a list of them.
    fn hold(&self, effect: RuleEffect) -> Result<Vec<HoldKind>, PolicyFileError> {
        let Some(value) = field(self.table, "hold") else { return Ok(Vec::new()) };
        let listed: Vec<&Value<'_>> =
            value.get_ref().as_array().map_or_else(|| vec![value], |listed| listed.iter().collect());
        let mut held: Vec<HoldKind> = Vec::with_capacity(listed.len());
        for value in listed {
            let kind = HELD_BY_RULES.into_iter().find(|kind| Some(kind.name()) == value.get_ref().as_str());
            match kind.filter(|kind| !held.contains(kind)) {
                Some(kind) => held.push(kind),
                None => {
                    let known = HELD_BY_RULES.map(HoldKind::name).join(", ");
                    let message = format!("`hold` must be one of {known}, or a list of them, each once");
                    return Err(self.source.error(value.span().start, message));
                }
            }
        }
        // Their order means nothing.
        held.sort_unstable();
        let at = value.span().start;
        if held.is_empty() {
            return Err(self.source.error(at, "`hold` must name what is held: leave it out where nothing is"));
        }
        if effect == RuleEffect::Deny {
            return Ok(held);
        }
        Err(self.source.error(at, "only a rule with at_least = \"DENY\" has `hold`: who is held is refused"))
    }

    /// A carrier's lock on the line.
    fn lock(&self, effect: RuleEffect) -> Result<Option<LockSet>, PolicyFileError> {
        let Some((name, at)) = self.text("lock")? else { return Ok(None) };
        let known = [LockSet::Port, LockSet::Sim, LockSet::All].into_iter().find(|set| set.name() == name);
        match known {
            None => Err(self.source.error(at, "`lock` must be PORT, SIM or ALL: what the carrier's lock covers")),
            Some(set) if effect == RuleEffect::Deny => Ok(Some(set)),
            Some(_) => {
                Err(self.source.error(at, "only a rule with at_least = \"DENY\" has `lock`: what it covers is refused"))
            }
        }
    }

    fn if_unknown(&self) -> Result<IfUnknown, PolicyFileError> {
        let Some((name, at)) = self.text("if_unknown")? else { return Ok(IfUnknown::ByOrigin) };
        let known = [IfUnknown::ByOrigin, IfUnknown::Holds].into_iter().find(|known| known.name() == name);
        known.ok_or_else(|| self.source.error(at, "`if_unknown` must be BY_ORIGIN or HOLDS"))
    }
}
