//! Which line, or which account.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::secret;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::line_ref::Ref;

/// A line.
#[derive(Clone, Args)]
pub(crate) struct LineArgs {
    /// The line: its number like +12125550123, or its subscription's id
    #[arg(value_name = "LINE")]
    line: String,
    #[command(flatten)]
    brand: BrandArgs,
}

/// The brand of a line, and what else it takes to ask about it.
#[derive(Clone, Args)]
pub(crate) struct BrandArgs {
    /// The line's brand, where it is not the caller's own
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    brand: String,
    /// Ask under a line separation: its reference is read from a file of its owner alone, `-` is standard input
    #[arg(long, value_name = "FILE")]
    separation_reference_file: Option<PathBuf>,
}

impl BrandArgs {
    fn line_ref(&self, line: &str) -> Result<pb::LineRef, Failure> {
        let reference = self.separation_reference_file.as_deref().map(secret::from_file).transpose()?;
        let separation_reference = reference.map_or_else(String::new, |reference| String::clone(&reference));
        Ok(pb::LineRef { separation_reference, ..line_ref(line, &self.brand) })
    }
}

impl LineArgs {
    /// The line as the contract names it.
    pub(crate) fn line_ref(&self) -> Result<pb::LineRef, Failure> {
        self.brand.line_ref(&self.line)
    }
}

/// A number begins with `+`, an id never does.
pub(crate) fn line_ref(line: &str, brand: &str) -> pb::LineRef {
    let name = if line.starts_with('+') { Ref::Msisdn(line.to_owned()) } else { Ref::LineId(line.to_owned()) };
    pb::LineRef { r#ref: Some(name), brand: brand.to_owned(), separation_reference: String::new() }
}

/// A line or a whole account: exactly one.
#[derive(Clone, Args)]
pub(crate) struct ScopeArgs {
    /// A line: its number like +12125550123, or its subscription's id
    #[arg(value_name = "LINE", required_unless_present = "account")]
    line: Option<String>,
    /// The whole account, by its id
    #[arg(long, value_name = "ID", conflicts_with = "line")]
    account: Option<String>,
    #[command(flatten)]
    brand: BrandArgs,
}

/// A line, a whole account, or neither.
#[derive(Clone, Args)]
pub(crate) struct OptionalScopeArgs {
    /// A line: its number like +12125550123, or its subscription's id
    #[arg(value_name = "LINE")]
    line: Option<String>,
    /// The whole account, by its id
    #[arg(long, value_name = "ID", conflicts_with = "line")]
    account: Option<String>,
}

impl OptionalScopeArgs {
    /// What was named, if anything was.
    pub(crate) fn scope(self) -> Option<Scope> {
        let line = self.line.map(|line| Scope::Line(line_ref(&line, "")));
        line.or_else(|| self.account.map(Scope::Account))
    }
}

/// A line or a whole account.
#[derive(Clone)]
pub(crate) enum Scope {
    /// One line.
    Line(pb::LineRef),
    /// The account.
    Account(String),
}

impl ScopeArgs {
    /// What was named.
    pub(crate) fn scope(&self) -> Result<Scope, Failure> {
        match (&self.line, &self.account) {
            (Some(line), None) => Ok(Scope::Line(self.brand.line_ref(line)?)),
            (None, Some(account)) => Ok(Scope::Account(account.clone())),
            _ => Err(Failure::invalid("name a line, or an account with --account")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::line_ref;
    use crate::grpc::pb::v1::line_ref::Ref;

    #[test]
    fn a_plus_makes_a_number() {
        assert!(line_ref("+12125550123", "").r#ref == Some(Ref::Msisdn("+12125550123".to_owned())));
        assert!(line_ref("L-1", "acme").r#ref == Some(Ref::LineId("L-1".to_owned())));
    }
}
