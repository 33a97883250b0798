//! The built program, in a folder of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one object that it answered.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// The one object that it failed with.
    pub(crate) fn error(&self) -> Value {
        let told: Value = serde_json::from_str(&self.stderr).unwrap();
        told["error"].clone()
    }

    /// Itself, if it ended so.
    pub(crate) fn ending(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs a command to its end, with something on its standard input.
fn ran(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that ends without reading is told by how it ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    ended(child)
}

/// How a command ends, and what it has said until then.
pub(crate) fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder that commands run in, without any of the caller's variables.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A place with keys for development in `dev/`.
    pub(crate) fn with_keys() -> Self {
        let place = Self::new();
        place.run(&["keys", "generate", "dev", "--development"]).ending(0);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).current_dir(self.folder.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args), "")
    }

    /// Writes a file that its owner alone may read.
    pub(crate) fn write_secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = File::options();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// A token of the development issuer, in a file named after its holder.
    pub(crate) fn mint(&self, subject: &str, role: &str, bound: &[&str]) {
        let out = token_of(subject);
        let mut args = vec!["token", "mint", "--issuer-key", "dev/issuer.key", "--role", role, "--subject", subject];
        args.extend(["--out", &out]);
        args.extend(bound);
        self.run(&args).ending(0);
    }
}

fn token_of(subject: &str) -> String {
    format!("{subject}.token")
}

/// A running service.
pub(crate) struct Service {
    pub(crate) place: Place,
    child: Child,
    told: String,
    stdout: BufReader<ChildStdout>,
    endpoint: String,
    ops: String,
}

impl Service {
    /// Starts a service on free ports, and waits until it tells them.
    pub(crate) fn start(place: Place) -> Self {
        Self::start_with(place, &[])
    }

    /// The same with settings laid over.
    pub(crate) fn start_with(place: Place, settings: &[&str]) -> Self {
        Self::launch(place, settings, &[])
    }

    /// The same with variables set.
    pub(crate) fn start_under(place: Place, variables: &[(&str, &str)]) -> Self {
        Self::launch(place, &[], variables)
    }

    fn launch(place: Place, settings: &[&str], variables: &[(&str, &str)]) -> Self {
        let log = File::options().create(true).append(true).open(place.path("log")).unwrap();
        let mut command = place.command(&["serve", "--json", "--config", "dev/portcullis.toml"]);
        command.args(["--set", "server.listen=127.0.0.1:0", "--set", "server.ops_listen=127.0.0.1:0"]);
        command.args(["--set", "log.level=debug"]).envs(variables.iter().copied());
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (mut told, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        stdout.read_line(&mut told).unwrap();
        let addresses: Value = serde_json::from_str(&told).unwrap_or_else(|_| {
            child.wait().unwrap();
            panic!("it did not start: {}", fs::read_to_string(place.path("log")).unwrap())
        });
        let [address, ops] = ["listening", "ops_listening"].map(|name| addresses[name].as_str().unwrap().to_owned());
        Self { place, child, told, stdout, endpoint: format!("https://{address}"), ops }
    }

    /// Asks as the holder of a token, for JSON.
    pub(crate) fn ask(&self, subject: &str, args: &[&str]) -> Ran {
        self.ask_with(subject, args, "")
    }

    /// Asks with something on standard input.
    pub(crate) fn ask_with(&self, subject: &str, args: &[&str], input: &str) -> Ran {
        ran(self.asking(subject, args), input)
    }

    /// Asks as a person would, by variables.
    pub(crate) fn ask_as_person(&self, subject: &str, args: &[&str]) -> Ran {
        let mut command = self.place.command(args);
        command.env("PORTCULLIS_ENDPOINT", self.endpoint()).env("PORTCULLIS_CA_FILE", "dev/ca.pem");
        command.env("PORTCULLIS_TOKEN_FILE", token_of(subject));
        ran(command, "")
    }

    /// The whole of a command that asks as the holder of a token, for JSON.
    pub(crate) fn asking(&self, subject: &str, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.args(["--json", "--endpoint", &self.endpoint, "--ca-file", "dev/ca.pem"]);
        command.args(["--token-file", &token_of(subject)]);
        command
    }

    /// Asks without a token, for JSON.
    pub(crate) fn ask_over(&self, args: &[&str]) -> Ran {
        let mut command = self.place.command(args);
        command.args(["--json", "--endpoint", &self.endpoint, "--ca-file", "dev/ca.pem"]);
        ran(command, "")
    }

    /// Looks at a page for operators until it says something.
    pub(crate) fn until_page_says(&self, path: &str, what: &str, within: Duration) {
        let began = Instant::now();
        while !self.page(path).contains(what) {
            assert!(began.elapsed() < within, "`{what}` is not in {}", self.page(path));
            std::thread::yield_now();
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(told.success());
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> (ExitStatus, Place) {
        let status = self.child.wait().unwrap();
        let place = std::mem::replace(&mut self.place, Place::new());
        (status, place)
    }

    /// Ends it as a fault would, at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Where it answers.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where its pages for operators are.
    pub(crate) fn ops(&self) -> &str {
        &self.ops
    }

    /// A page for operators.
    pub(crate) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.ops).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> (ExitStatus, Place) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        let place = std::mem::replace(&mut self.place, Place::new());
        (status, place)
    }

    /// The same, with all that it wrote to its standard output.
    pub(crate) fn stop_having_told(mut self) -> (ExitStatus, Place, String) {
        self.signal("TERM");
        self.stdout.read_to_string(&mut self.told).unwrap();
        let told = std::mem::take(&mut self.told);
        let (status, place) = self.ended();
        (status, place, told)
    }

    /// All that it logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path("log")).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that has ended is no less gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file's permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
