//! How to go on by hand: tokens in files, and commands that work as they stand.

use std::fs;
use std::path::Path;

use super::asker::{Asker, Issuer};
use crate::cli::failure::{Exit, Failure};
use crate::crypto::write_new_secret_file;
use crate::grpc::pb::v1 as pb;

/// The folder of tokens, in the day's own.
const TOKENS: &str = "tokens";

/// Where the program stands after `make run`.
const BUILT: &str = "target/release/portcullis";

/// A store for trying.
const STORE: &str = "S101";

/// The card that the try-out changes to.
const NEW_SIM: &str = "8901990000000000995";

/// A subscriber to try things on.
pub(super) struct TryLine {
    account_id: String,
    account_number: String,
    msisdn: String,
    pin: String,
    device: String,
}

impl TryLine {
    /// Of a row of the subscribers' file.
    pub(super) fn of(seed: &pb::AccountSeed) -> Option<Self> {
        let account = seed.account.as_ref()?;
        Some(Self {
            account_id: account.account_id.clone(),
            account_number: account.account_number.clone(),
            msisdn: seed.lines.first()?.msisdn.clone(),
            pin: seed.pin.clone(),
            device: seed.devices.first()?.device_id.clone(),
        })
    }
}

/// Writes a token for each way in, in place of older ones.
pub(super) fn write_tokens(folder: &Path, issuer: &Issuer, open: &TryLine) -> Result<(), Failure> {
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::caused(Exit::Failed, error);
    let tokens = folder.join(TOKENS);
    fs::create_dir_all(&tokens).map_err(|error| failed(&error))?;
    let at_store = |role: &str, who: &str| Asker { store: STORE.to_owned(), ..Asker::system(role, who) };
    let customer = Asker::system("customer", &format!("{}/p1", open.account_id));
    for (name, asker) in [
        ("porting-system", Asker::porting("X201")),
        ("clerk", at_store("retail_agent", "clerk-by-hand")),
        ("pin-pad", at_store("pin_pad", "pad-by-hand")),
        ("care", Asker::system("care_agent", "care-by-hand")),
        ("customer", Asker { device: open.device.clone(), ..customer }),
        ("auditor", Asker::system("auditor", "auditor-by-hand")),
        ("provisioning", Asker::system("provisioning", "billing-by-hand")),
    ] {
        let path = tokens.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| failed(&error))?;
        }
        write_new_secret_file(&path, issuer.issue(&asker)?.as_bytes()).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// What to type next. `endpoint` is the service's, `ops` its page for operators.
pub(super) fn how_to(folder: &Path, endpoint: &str, ops: &str, open: &TryLine, locked: &TryLine) -> String {
    let data = folder.display();
    let program = if Path::new(BUILT).exists() { BUILT } else { "portcullis" };
    let (free, shut) = (&open.msisdn, &locked.msisdn);
    format!(
        "\
The service goes on at {endpoint} until Ctrl-C. In another terminal:

  export PORTCULLIS_ENDPOINT={endpoint} PORTCULLIS_CA_FILE={data}/ca.pem

A porting system asks for a line whose owner locked it, and for one that nobody locked:

  export PORTCULLIS_TOKEN_FILE={data}/{TOKENS}/porting-system
  {program} decide port-out {shut} --to X201 --pon TRY-1 --account-number {} --dialect wicis
  {program} decide port-out {free} --to X201 --pon TRY-2 --account-number {} --dialect wicis

The PIN pad of a store, where the customer types {}:

  export PORTCULLIS_TOKEN_FILE={data}/{TOKENS}/pin-pad
  echo {} | {program} decide sim-change {free} --iccid {NEW_SIM} --cause upgrade --pin-file -

Python, with a stock client (`make setup` installs it):

  target/python/bin/python examples/python/ask.py --endpoint {endpoint} --ca {data}/ca.pem \\
      --token {data}/{TOKENS}/porting-system

A till that asks, and in another terminal the customer's app that says yes (docs/example-scripts.md):

  target/python/bin/python examples/python/till.py --endpoint {endpoint} --ca {data}/ca.pem \\
      --token {data}/{TOKENS}/clerk --msisdn {free} --iccid {NEW_SIM}
  target/python/bin/python examples/python/app.py --endpoint {endpoint} --ca {data}/ca.pem \\
      --token {data}/{TOKENS}/customer --account {} --device {} --answer yes

Counters: http://{ops}/metrics
",
        locked.account_number, open.account_number, open.pin, open.pin, open.account_id, open.device
    )
}
