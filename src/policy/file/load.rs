//! From a file's text to a policy that stands.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::built_in::{ALWAYS, BUILT_IN, text_of};
use super::error::PolicyFileError;
use super::place::Source;
use super::read_knobs::{Knobs, field};
use super::read_reason::read_reasons;
use super::read_rule::{ReadRule, Terms, read_rule};
use crate::domain::RuleId;
use crate::policy::document::Policy;
use crate::policy::knobs::constants;
use crate::policy::rules::{Rule, Rules};

/// The longest file, in bytes.
const FILE_BYTES_MAX: usize = 256 * 1_024;

/// The most rules of one policy.
const RULES_MAX: usize = 256;

/// How often a policy may extend one that extends another.
const EXTENDS_MAX: usize = 3;

/// Loads a policy from the text of a file. Its revision is for the caller to set.
pub fn load(name: &str, text: &str) -> Result<Policy, PolicyFileError> {
    let chain = chain(Source { file: name, text })?;
    let mut policy = Policy::blank();
    let mut set = BTreeSet::new();
    for file in chain.iter().rev() {
        file.turn_knobs(&mut policy, &mut set)?;
    }
    let own = chain.first().map_or(Source { file: name, text }, |file| file.source);
    if let Some(missing) = Knobs::missing(&set) {
        let message = format!("`{missing}` is missing: set it, or say extends = \"us-default\" above the tables");
        return Err(own.error(0, message));
    }
    let mut terms = Terms { constants: constants(&policy), reasons: Vec::new() };
    for file in chain.iter().rev() {
        read_reasons(file.source, &file.document, &mut terms.reasons)?;
    }
    let always = Parsed::parse(Source { file: ALWAYS.0, text: ALWAYS.1 })?.own_rules(&terms)?;
    let mut rules: Vec<Rule> = always.into_iter().map(|read| read.rule).collect();
    let always: Vec<RuleId> = rules.iter().map(|rule| rule.id).collect();
    let mut others = Vec::new();
    for file in chain.iter().rev() {
        file.join(&mut others, &always, &terms)?;
    }
    rules.append(&mut others);
    if rules.len() > RULES_MAX {
        return Err(own.error(0, format!("a policy has at most {RULES_MAX} rules")));
    }
    policy.rules = Rules::new(rules);
    policy.validate().map_err(|error| {
        let at = chain.first().and_then(|file| file.place_of(error.knob)).unwrap_or(0);
        own.error(at, error.to_string())
    })?;
    Ok(policy)
}

/// A file and those that it extends, itself first.
fn chain(source: Source<'_>) -> Result<Vec<Parsed<'_>>, PolicyFileError> {
    let mut chain = vec![Parsed::parse(source)?];
    while let Some(last) = chain.last() {
        let Some(extends) = field(&last.document, "extends") else { break };
        let Some((file, text)) = extends.get_ref().as_str().and_then(text_of).filter(|_| chain.len() < EXTENDS_MAX)
        else {
            let known: Vec<&str> = BUILT_IN.iter().map(|(name, _, _)| *name).collect();
            let message = format!("`extends` must name a built-in policy: {}", known.join(", "));
            return Err(last.source.error(extends.span().start, message));
        };
        chain.push(Parsed::parse(Source { file, text })?);
    }
    Ok(chain)
}

/// A file that is TOML.
struct Parsed<'a> {
    source: Source<'a>,
    document: DeTable<'a>,
}

impl<'a> Parsed<'a> {
    fn parse(source: Source<'a>) -> Result<Self, PolicyFileError> {
        if source.text.len() > FILE_BYTES_MAX {
            return Err(source.error(FILE_BYTES_MAX, format!("a policy file has at most {FILE_BYTES_MAX} bytes")));
        }
        let document = DeTable::parse(source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            source.error(at, error.message().to_owned())
        })?;
        Ok(Self { source, document: document.into_inner() })
    }

    fn turn_knobs(&self, policy: &mut Policy, set: &mut BTreeSet<&'static str>) -> Result<(), PolicyFileError> {
        let mut knobs = Knobs { source: self.source, policy, set };
        for (key, value) in &self.document {
            match key.get_ref().as_ref() {
                "rule" | "reason" | "extends" | "without" => {}
                "name" if value.get_ref().is_str() => {}
                "name" => return Err(self.source.error(value.span().start, "`name` must be a text in quotes")),
                table => knobs.table(table, key.span().start, value)?,
            }
        }
        Ok(())
    }

    /// The rules that stand in this very file.
    fn own_rules(&self, terms: &Terms) -> Result<Vec<ReadRule>, PolicyFileError> {
        let Some(rules) = field(&self.document, "rule") else { return Ok(Vec::new()) };
        match rules.get_ref().as_array() {
            Some(rules) => rules.iter().map(|rule| read_rule(self.source, rule, terms)).collect(),
            None => Err(self.source.error(rules.span().start, "rules are a list of tables, [[rule]]")),
        }
    }

    /// Adds this file's rules to those of the policy that it extends.
    fn join(&self, rules: &mut Vec<Rule>, always: &[RuleId], terms: &Terms) -> Result<(), PolicyFileError> {
        self.leave_out(rules, always)?;
        let mut own: Vec<RuleId> = Vec::new();
        for ReadRule { rule, at, replaces } in self.own_rules(terms)? {
            let replaced = rules.iter().position(|other| other.id == rule.id);
            let wrong = if always.contains(&rule.id) {
                Some("every policy has this rule as it is: take another `id`")
            } else if own.contains(&rule.id) {
                Some("another rule of this file has the same `id`")
            } else if replaced.is_some() && !replaces {
                Some("the policy that is extended has this rule: say `replaces = true`, or take another `id`")
            } else if replaced.is_none() && replaces {
                Some("there is no such rule to be replaced")
            } else {
                None
            };
            if let Some(message) = wrong {
                return Err(self.source.error(at, message).of_rule(rule.id));
            }
            own.push(rule.id);
            rules.retain(|other| other.id != rule.id);
            rules.push(rule);
        }
        Ok(())
    }

    /// Leaves out the rules of the extended policy that this file says it does without.
    fn leave_out(&self, rules: &mut Vec<Rule>, always: &[RuleId]) -> Result<(), PolicyFileError> {
        let Some(without) = field(&self.document, "without") else { return Ok(()) };
        let Some(listed) = without.get_ref().as_array() else {
            return Err(self.source.error(without.span().start, "`without` must be a list of rules' names"));
        };
        for value in listed {
            let at = value.span().start;
            let id = value.get_ref().as_str().unwrap_or_default();
            if always.contains(&id) {
                return Err(self.source.error(at, format!("no policy is without the rule `{id}`")));
            }
            let before = rules.len();
            rules.retain(|rule| rule.id != id);
            if rules.len() == before {
                return Err(self.source.error(at, format!("the policy that is extended has no rule `{id}`")));
            }
        }
        Ok(())
    }

    /// Where a knob is set in this file.
    fn place_of(&self, knob: &str) -> Option<usize> {
        let (table, name) = knob.split_once('.').unwrap_or((knob, ""));
        let table = field(&self.document, table)?;
        let value = table.get_ref().as_table().and_then(|table| field(table, name));
        Some(value.map_or_else(|| table.span().start, |value| value.span().start))
    }
}
