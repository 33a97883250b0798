//! The example scripts, played as their page tells it: what they say is what stands there, line by line.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{here, python};

const NUMBER: &str = "+12125550142";

/// A script of the examples, called as the page says.
struct Script<'a> {
    data: &'a Path,
    endpoint: &'a str,
}

impl Script<'_> {
    fn of(&self, name: &str, token: &str, more: &[&str]) -> Command {
        let mut script = Command::new(python());
        script.arg(here().join("examples/python").join(name)).args(["--endpoint", self.endpoint]).arg("--ca");
        script.arg(self.data.join("ca.pem")).arg("--token").arg(self.data.join("tokens").join(token)).args(more);
        script.stdout(Stdio::piped());
        script
    }

    fn app(&self, more: &[&str]) -> String {
        let all = [&["--account", "acct-200003", "--device", "dev-200003-p1-1"], more].concat();
        let said = self.of("app.py", "customer", &all).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap()
    }

    /// One that waits for the customer, whose app gives `answer` once it does. Its exit code, what it said, and what the app said.
    fn waiting(&self, script: (&str, &str, &[&str]), answer: &str) -> (i32, String, String) {
        let (name, token, more) = script;
        let mut child: Child = self.of(name, token, more).spawn().unwrap();
        let (mut said, mut app) = (String::new(), String::new());
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            said = said + &line + "\n";
            if line == "engine   PENDING" {
                app = self.app(&["--answer", answer]);
            }
        }
        (child.wait().unwrap().code().unwrap(), said, app)
    }
}

/// What the page shows under its commands, in their order.
fn shown() -> String {
    let page = std::fs::read_to_string(here().join("docs/example-scripts.md")).unwrap();
    let blocks = page.split("```").skip(1).step_by(2).flat_map(str::lines).skip_while(|line| line.is_empty());
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with("$ ") && !line.starts_with("    ");
    blocks.filter(is_said).flat_map(|line| [line, "\n"]).collect()
}

pub(crate) fn say_what_the_page_says(data: &Path, endpoint: &str) {
    let script = Script { data, endpoint };
    let till = ["--msisdn", NUMBER, "--iccid", "8901990000000000995"];
    let (code, till, yes) = script.waiting(("till.py", "clerk", &till), "yes");
    assert_eq!(code, 0, "{till}");
    let care = ["--msisdn", NUMBER, "--forward-to", "+12125550199", "--pin", "482951"];
    let (code, care, no) = script.waiting(("care_desk.py", "care", &care), "not-me");
    assert_eq!(code, 1, "{care}");
    let all = script.app(&["--msisdn", NUMBER]);
    assert_eq!([till, yes, care, no, all].concat(), shown(), "docs/example-scripts.md says otherwise");
}
