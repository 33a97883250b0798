//! The flags of `portcullis serve`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::Output;
use crate::config::{Config, Overrides};
use crate::telemetry::install_with_traces;

const EXAMPLES: &str = "\
Settings come from the file, then from variables (PORTCULLIS_SECTION_KEY), then from --set; the later wins. Secrets \
are named by path and never stand in a setting. One line on standard output tells the addresses once requests are \
answered; the log goes to standard error.

SIGTERM or SIGINT drains: health says NOT_SERVING, open requests end, then the store is closed; a second one does not \
wait for open requests.

Examples:
  portcullis serve --config /etc/portcullis/portcullis.toml
  portcullis serve --config dev/portcullis.toml --set log.level=debug
  PORTCULLIS_LIMITS_DRAIN_SECONDS=5 portcullis serve --config dev/portcullis.toml
";

/// `portcullis serve`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct ServeArgs {
    /// The settings' file
    #[arg(long, env = "PORTCULLIS_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting that lays over file and variables; may be repeated
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

/// `SECTION.KEY=VALUE`, taken apart.
pub(crate) fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("must be SECTION.KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Runs it.
pub(crate) fn run(args: ServeArgs, output: Output) -> Result<Exit, Failure> {
    let overrides = args.set.into_iter().fold(Overrides::default(), |all, (key, value)| all.with(key, value));
    let config = Config::load(args.config.as_deref(), &overrides).map_err(|error| {
        let failure = Failure::caused(Exit::Invalid, &error);
        if args.config.is_some() {
            return failure;
        }
        failure.advise("--config FILE, or PORTCULLIS_CONFIG; `portcullis keys generate DIR --development` makes one")
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let within = runtime.enter();
    let traces = install_with_traces(config.log, &config.telemetry);
    let traces = traces.map_err(|error| Failure::caused(Exit::Failed, &error))?;
    drop(within);
    let served = runtime.block_on(super::run::serve(config, output));
    traces.finish();
    served
}
