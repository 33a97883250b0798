//! What was found.

use std::error::Error;

use serde_json::{Value, json};

use crate::cli::failure::Exit;
use crate::cli::output::{Answer, parts, table};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum State {
    /// As it should be.
    Ok,
    /// The service works, and somebody should look at this.
    Warn,
    /// The service does not start, does not decide or soon will not.
    Fail,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Finding {
    check: &'static str,
    state: State,
    found: String,
    /// What to do; none where all is well.
    advice: Option<String>,
}

impl Finding {
    /// All is well.
    pub(in crate::cli) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), advice: None }
    }

    /// Somebody should look at it.
    pub(in crate::cli) fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    /// It must be mended.
    pub(in crate::cli) fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Fail, found: found.into(), advice: Some(advice.into()) }
    }

    /// It must be mended, as an error tells with its causes.
    pub(in crate::cli) fn error(check: &'static str, error: &(dyn Error + 'static), advice: impl Into<String>) -> Self {
        Self::fail(check, with_causes(error), advice)
    }

    /// Somebody should look at it, as an error tells with its causes.
    pub(in crate::cli) fn doubt(check: &'static str, error: &(dyn Error + 'static), advice: impl Into<String>) -> Self {
        Self::warn(check, with_causes(error), advice)
    }

    /// What was looked at.
    pub(in crate::cli) const fn check(&self) -> &'static str {
        self.check
    }

    fn json(&self) -> Value {
        let Self { check, state, found, advice } = self;
        json!({ "check": check, "state": state.name(), "found": found, "advice": advice })
    }

    fn row(&self) -> [String; 3] {
        [self.check.to_owned(), self.state.name().to_owned(), self.found.clone()]
    }

    fn told(&self) -> Option<String> {
        let advice = self.advice.as_ref()?;
        Some(format!("{}: {advice}", self.check))
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |cause| (*cause).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// All that was looked at.
pub(in crate::cli) struct Report(pub(super) Vec<Finding>);

impl Report {
    /// The worst of it.
    pub(in crate::cli) fn state(&self) -> State {
        self.0.iter().map(|finding| finding.state).max().unwrap_or(State::Fail)
    }

    /// How the command ends.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self.state() {
            State::Ok | State::Warn => Exit::Done,
            State::Fail => Exit::Denied,
        }
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        json!({ "state": self.state().name(), "checks": self.0.iter().map(Finding::json).collect::<Vec<_>>() })
    }

    fn text(&self) -> String {
        let rows = table(["CHECK", "STATE", "FOUND"], self.0.iter().map(Finding::row));
        let told: Vec<String> = self.0.iter().filter_map(Finding::told).collect();
        let count = |state| self.0.iter().filter(|finding| finding.state == state).count();
        let summary = format!("{} checks: {} warn, {} fail", self.0.len(), count(State::Warn), count(State::Fail));
        parts([rows, told.join("\n"), summary])
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Report};
    use crate::cli::failure::Exit;
    use crate::cli::output::Answer as _;

    #[test]
    fn warnings_end_well_and_one_failure_does_not() {
        let ok = Finding::ok("clock", "as it should be");
        let warn = Finding::warn("disk", "half full", "make room");
        let fail = Finding::fail("keys", "none", "make some");
        assert_eq!(Report(vec![ok.clone(), warn.clone()]).exit(), Exit::Done);
        let report = Report(vec![ok, warn, fail]);
        assert_eq!(report.exit(), Exit::Denied);
        assert_eq!(report.json()["state"], "fail");
        assert_eq!(report.json()["checks"][1]["advice"], "make room");
        let text = report.text();
        assert!(text.contains("keys: make some") && text.ends_with("3 checks: 1 warn, 1 fail"), "{text}");
    }

    #[test]
    fn nothing_looked_at_is_not_well() {
        assert_eq!(Report(Vec::new()).exit(), Exit::Denied);
    }
}
