//! `portcullis doctor`: what is looked at, in which order.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;

use super::{certificates, clock, issuers, messages, policy, servers, service, store, stores};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::finding::{Finding, Report};
use crate::cli::keys;
use crate::cli::output::Output;
use crate::cli::serve::setting;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config, Overrides};

const EXAMPLES: &str = "\
Looks at the settings, the store and its disk, the keys, the clock, the policy, certificates, issuers' keys, who \
messages are given to, addresses and limits; of a service that runs also at its readiness. It reads and changes \
nothing, so run it as often as you like, as the user that the service runs as. While the service is stopped it looks through the whole database too, which takes \
about a second for each 500 MB.

It ends with 0 when nothing fails, warnings or not, and with 3 when something does.

Examples:
  portcullis doctor --config /etc/portcullis/portcullis.toml
  portcullis doctor --config /etc/portcullis/portcullis.toml --skip store.content
  portcullis doctor --config /etc/portcullis/portcullis.toml --json | jq '.checks[] | select(.state != \"ok\")'
";

/// `portcullis doctor`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DoctorArgs {
    /// The settings' file, as `serve` takes it
    #[arg(long, env = "PORTCULLIS_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting that lays over file and variables; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Look at this alone, or at all whose names begin so: `tls`, `store.disk`; may be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Leave this out, or all whose names begin so; may be repeated
    #[arg(long, value_name = "CHECK")]
    skip: Vec<String>,
}

/// What is to be looked at.
pub(super) struct Asked {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Asked {
    /// Whether a check is among it.
    pub(super) fn holds(&self, check: &str) -> bool {
        let begins = |names: &[String]| names.iter().any(|name| check.starts_with(name.as_str()));
        (self.only.is_empty() || begins(&self.only)) && !begins(&self.skip)
    }
}

/// Runs it.
pub(crate) fn run(args: DoctorArgs, output: Output) -> Result<Exit, Failure> {
    let overrides = args.set.into_iter().fold(Overrides::default(), |all, (key, value)| all.with(key, value));
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let asked = Asked { only: args.only, skip: args.skip };
    let findings = match Config::load(args.config.as_deref(), &overrides) {
        Ok(config) => look(&config, now, &asked),
        Err(error) => {
            let advice = "mend it; `examples/portcullis.toml` names every setting, and nothing else was looked at";
            vec![Finding::error("settings", &error, advice)]
        }
    };
    if findings.is_empty() {
        return Err(Failure::invalid("nothing of that name was looked at").advise("other names in --only and --skip"));
    }
    let report = Report(findings);
    output.show(&report)?;
    Ok(report.exit())
}

fn look(config: &Config, now: DateTime<Utc>, asked: &Asked) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("settings", "every one is known and within its bounds")];
    let settings = config.store.folder();
    let folder = settings.and_then(|settings| store::folder(settings, &mut findings));
    let holder = folder.as_ref().and_then(|folder| store::owner(folder, &mut findings));
    let told = folder.as_ref().and_then(|folder| store::told(folder, holder.is_some(), asked, &mut findings));
    if let (Some(folder), Some(settings)) = (&folder, settings) {
        findings.extend(super::room::look(folder, settings, told.as_ref()));
    }
    let place = settings.map(|settings| settings.path.as_path());
    let keyring = keys::Looked { file: &config.keys.keyring_file, place };
    findings.extend(keys::look(&keyring, folder.as_ref().filter(|_| told.is_some()), None, now));
    if let config::Store::Redis(redis) = &config.store {
        findings.extend(servers::look(redis, &config.keys.keyring_file));
    }
    findings.extend(clock::look(now, told.as_ref()));
    findings.push(policy::look(&config.policy));
    findings.extend(stores::look(config));
    findings.extend(certificates::look(&config.transport, now));
    findings.extend(issuers::look(&config.identity));
    findings.extend(messages::look(config.messages.as_ref()));
    findings.extend(service::look(config, holder.as_deref()));
    findings.retain(|finding| asked.holds(finding.check()));
    findings
}
