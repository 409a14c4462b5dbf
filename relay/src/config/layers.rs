//! Puts the layers of configuration together: defaults, file, environment, flags; each overrides the one before it.
//! Called once, by `main`; also prints the report of `bulle check-config`, which is itself a valid `bulle.toml`.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{Config, HIDDEN, VALUES, limits, push, s3, smtp};

/// Prefix of the environment variables that are settings; `__` stands for a dot: `BULLE_DESK__GRACE`.
const PREFIX: &str = "BULLE_";
/// Variables with the prefix that are not settings: the file's path, and the folder that `build.rs` embeds.
const NOT_SETTINGS: [&str; 2] = ["BULLE_CONFIG", "BULLE_DIST"];
/// What is never shown, whatever is wrong with it.
const SECRETS: [&str; 2] = ["smtp.password", "s3.secret_access_key"];
/// What is text, whatever it looks like, beside them.
const NAMES: [&str; 7] = ["store", "bus", "bus_ca", "smtp.username", "s3.bucket", "s3.access_key_id", "s3.prefix"];
/// The file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "bulle.toml";

/// What the command line says; `None` leaves the value to the other layers.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Address and port to listen on.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Folder of the database, the assets and the uploads.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Where browsers reach the relay, such as https://chat.example.com.
    #[arg(long)]
    pub public_url: Option<String>,
    /// Serve the sample shop under /demo.
    #[arg(long)]
    pub demo: bool,
}

/// Why the configuration cannot be used. Each message names the value, where it came from and what would be valid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key that no value has.
    #[error("unknown value `{key}` ({from}){guess}; known are: {known}")]
    Unknown {
        /// The key, with dots.
        key: String,
        /// The layer that it came from.
        from: String,
        /// `: did you mean …?`, or empty.
        guess: String,
        /// The keys that exist beside it.
        known: String,
    },
    /// A value that cannot be.
    #[error("`{key}` ({from}): {problem}\n  {key}: {valid}")]
    Invalid {
        /// The key, with dots.
        key: String,
        /// The layer that it came from.
        from: String,
        /// What is wrong with it.
        problem: String,
        /// Its documentation, which says what would be valid.
        valid: String,
    },
    /// A file that was named and is not there, or is no TOML.
    #[error("cannot read the configuration file {}: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

/// The configuration and where it came from.
#[derive(Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    layers: Figment,
}

/// Reads all layers. `file` is the file that was named, if one was; `environment` all variables of the process.
///
/// # Errors
/// The first value that is unknown, of the wrong type or out of its range.
pub fn load(
    file: Option<PathBuf>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<Loaded, ConfigError> {
    let mut layers = Figment::from(Serialized::defaults(Config::default()));
    let default_file = PathBuf::from(DEFAULT_FILE);
    if let Some(path) = file.or_else(|| default_file.is_file().then_some(default_file)) {
        let unreadable = |problem: String| ConfigError::Unreadable { path: path.clone(), problem };
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let values = Toml::from_str::<Dict>(&text).map_err(|error| unreadable(error.to_string()))?;
        layers = layers.merge(Given { from: path.display().to_string(), values });
    }
    for (variable, text) in environment {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        if NOT_SETTINGS.contains(&variable.as_str()) {
            continue;
        }
        let key = name.to_ascii_lowercase().replace("__", ".");
        // Figment's reading of a variable: numbers, booleans and `[lists]`, else text. It cannot fail. A name or a password is what it is.
        let value = match SECRETS.contains(&key.as_str()) || NAMES.contains(&key.as_str()) {
            true => Value::from(text),
            false => text.parse::<Value>().unwrap_or_else(|never| match never {}),
        };
        layers = layers.merge(Given::one(format!("environment variable {variable}"), &key, value));
    }
    let text = |value: &dyn ToString| Value::from(value.to_string());
    let given = [
        ("listen", flags.listen.as_ref().map(|value| text(value))),
        ("data", flags.data.as_ref().map(|value| text(&value.display()))),
        ("public_url", flags.public_url.as_ref().map(|value| text(value))),
        ("demo", flags.demo.then(|| Value::from(true))),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            layers = layers.merge(Given::one(format!("flag --{}", key.replace('_', "-")), key, value));
        }
    }
    finish(layers)
}

fn finish(layers: Figment) -> Result<Loaded, ConfigError> {
    let known = serde_json::to_value(Config::default()).unwrap_or_default();
    let all: Dict = layers.extract().map_err(|error| invalid(&layers, error))?;
    if let Some((key, names)) = unknown(&all, &known, "") {
        let guess = guess(&key, &names).map(|name| format!(": did you mean `{name}`?")).unwrap_or_default();
        return Err(ConfigError::Unknown { from: origin_of(&layers, &key), guess, key, known: names.join(", ") });
    }
    let config: Config = layers.extract().map_err(|error| invalid(&layers, error))?;
    if let Some((key, problem)) = config.out_of_range() {
        return Err(ConfigError::Invalid {
            from: origin_of(&layers, key),
            problem,
            valid: documentation(key),
            key: key.to_owned(),
        });
    }
    Ok(Loaded { config, layers })
}

impl Loaded {
    /// Every value with its documentation and where it came from, as TOML that can be saved as `bulle.toml`.
    pub fn report(&self) -> String {
        let values = serde_json::to_value(&self.config).unwrap_or_default();
        let (mut plain, mut tables) = (String::new(), String::new());
        for (name, lines) in VALUES {
            let value = &values[*name];
            let out = if value.is_object() { &mut tables } else { &mut plain };
            for line in *lines {
                let _ = writeln!(out, "#{line}");
            }
            match value {
                serde_json::Value::Object(entries) => {
                    let _ = writeln!(out, "[{name}]");
                    for (key, value) in entries {
                        self.entry(out, name, key, value);
                    }
                    out.push('\n');
                }
                serde_json::Value::Null => {
                    let _ = writeln!(out, "# {name} is not set\n");
                }
                serde_json::Value::String(text) if text == HIDDEN => {
                    let _ = writeln!(out, "# from: {}\n# {name} is set and not shown\n", origin_of(&self.layers, name));
                }
                value => {
                    let _ = writeln!(out, "# from: {}\n{name} = {value}\n", origin_of(&self.layers, name));
                }
            }
        }
        plain + &tables
    }

    /// One line of a table, or of a rate in it one for each of its two numbers.
    fn entry(&self, out: &mut String, table: &str, key: &str, value: &serde_json::Value) {
        for line in lines_of(table, key) {
            let _ = writeln!(out, "#{line}");
        }
        let path = format!("{table}.{key}");
        let mut line = |key: &str, value: &serde_json::Value| {
            let _ = writeln!(out, "# from: {}\n{key} = {value}", origin_of(&self.layers, &format!("{table}.{key}")));
        };
        match value {
            serde_json::Value::Object(parts) => parts.iter().for_each(|(part, value)| line(&format!("{key}.{part}"), value)),
            serde_json::Value::Null => {
                let _ = writeln!(out, "# {key} is not set");
            }
            // What is left out of a file that was made from this stays as it is set elsewhere.
            _ if SECRETS.contains(&path.as_str()) => {
                let _ = writeln!(out, "# from: {}\n# {key} is set and not shown", origin_of(&self.layers, &path));
            }
            value => line(key, value),
        }
    }
}

/// One layer, or one value of a layer, under the name that reports and errors give it.
struct Given {
    from: String,
    values: Dict,
}

impl Given {
    fn one(from: String, key: &str, value: Value) -> Self {
        let values = figment::util::nest(key, value).into_dict().unwrap_or_default();
        Self { from, values }
    }
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.from.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// The first key that the defaults do not have, and the ones that they have in its place.
fn unknown(given: &Dict, known: &serde_json::Value, path: &str) -> Option<(String, Vec<String>)> {
    let known = known.as_object()?;
    given.iter().find_map(|(key, value)| match known.get(key) {
        None => Some((format!("{path}{key}"), known.keys().map(|name| format!("{path}{name}")).collect())),
        Some(inner) => unknown(value.as_dict()?, inner, &format!("{path}{key}.")),
    })
}

/// The key that was meant, if one is so much alike that a slip of the fingers explains the difference.
fn guess<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    /// Jaro-Winkler similarity from which clap, too, guesses a misspelt argument is 0.7; keys are longer, and a wrong guess misleads.
    const ALIKE: f64 = 0.85;
    let alike = known.iter().map(|name| (strsim::jaro_winkler(key, name), name));
    alike.filter(|(alike, _)| *alike > ALIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name.as_str())
}

fn origin_of(layers: &Figment, key: &str) -> String {
    match layers.find_metadata(key) {
        Some(metadata) if metadata.source.as_ref().is_none_or(|source| source.code_location().is_none()) => {
            metadata.name.to_string()
        }
        _ => "default".to_owned(),
    }
}

fn invalid(layers: &Figment, error: figment::Error) -> ConfigError {
    let key = error.path.join(".");
    let from = origin_of(layers, &key);
    let problem = if SECRETS.contains(&key.as_str()) { "is no text".to_owned() } else { error.kind.to_string() };
    ConfigError::Invalid { from, problem, valid: documentation(&key), key }
}

fn documentation(key: &str) -> String {
    let mut path = key.split('.');
    let name = path.next().unwrap_or(key);
    let general = VALUES.iter().find(|(known, _)| *known == name).map_or(&[] as &[&str], |(_, lines)| *lines);
    let own = lines_of(name, path.next().unwrap_or_default());
    let lines = if own.is_empty() { general } else { own };
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// What is documented of a single value of a table.
fn lines_of(table: &str, key: &str) -> &'static [&'static str] {
    let values = match table {
        "limits" => limits::VALUES,
        "push" => push::VALUES,
        "smtp" => smtp::VALUES,
        "s3" => s3::VALUES,
        _ => &[],
    };
    values.iter().find(|(known, _)| *known == key).map_or(&[], |(_, lines)| *lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variables: &[(&str, &str)], toml: &str, flags: &Flags) -> Result<Loaded, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bulle.toml");
        std::fs::write(&file, toml).unwrap();
        load(Some(file), variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), flags)
    }

    fn refusal(variables: &[(&str, &str)], toml: &str) -> String {
        given(variables, toml, &Flags::default()).unwrap_err().to_string()
    }

    #[test]
    fn each_layer_overrides_the_one_before_it() {
        let toml = "listen = '127.0.0.1:1'\nmax_frame = 2000\nping_every_ms = 300";
        let flags = Flags { listen: Some(SocketAddr::from(([127, 0, 0, 1], 3))), demo: true, ..Flags::default() };
        let loaded = given(
            &[("BULLE_LISTEN", "127.0.0.1:2"), ("BULLE_MAX_FRAME", "3000"), ("PATH", "x"), ("BULLE_DIST", "x")],
            toml,
            &flags,
        );
        let loaded = loaded.unwrap();
        let config = &loaded.config;
        assert_eq!((config.listen.port(), config.max_frame, config.ping_every_ms, config.demo), (3, 3_000, 300, true));
        assert_eq!(config.outgoing_queue, Config::default().outgoing_queue);
        let report = loaded.report();
        assert!(report.contains("# from: flag --listen\nlisten = \"127.0.0.1:3\""), "{report}");
        assert!(report.contains("# from: environment variable BULLE_MAX_FRAME\nmax_frame = 3000"), "{report}");
        assert!(report.contains("bulle.toml\nping_every_ms = 300"), "{report}");
        assert!(report.contains("# from: default\noutgoing_queue = 256"), "{report}");
        assert!(report.contains("# public_url is not set"), "{report}");
    }

    #[test]
    fn the_report_can_be_used_as_a_file() {
        let flags = Flags { public_url: Some("https://chat.example.com/".to_owned()), ..Flags::default() };
        let first = given(&[("BULLE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")], "log_format = 'json'", &flags).unwrap();
        assert_eq!(first.config.trusted_proxies.len(), 2);
        let second = given(&[], &first.report(), &Flags::default()).unwrap();
        assert_eq!(serde_json::to_value(&first.config).unwrap(), serde_json::to_value(&second.config).unwrap());
    }

    #[test]
    fn refusals_name_the_value_its_source_and_what_would_do() {
        let unknown = refusal(&[("BULLE_LISTNE", "x")], "");
        assert!(unknown.contains("`listne` (environment variable BULLE_LISTNE): did you mean `listen`?"), "{unknown}");
        let kind = refusal(&[], "max_frame = 'big'");
        assert!(kind.contains("`max_frame`") && kind.contains("bulle.toml") && kind.contains("1,024 to 1,048,576"), "{kind}");
        let range = refusal(&[("BULLE_MAX_FRAME", "10")], "");
        assert!(range.contains("BULLE_MAX_FRAME") && range.contains("10 is not within 1024 to 1048576"), "{range}");
        let url = refusal(&[("BULLE_PUBLIC_URL", "chat.example.com")], "");
        assert!(url.contains("`public_url`") && url.contains("is not an origin"), "{url}");
        let proxy = refusal(&[], "trusted_proxies = ['nginx']");
        assert!(proxy.contains("`trusted_proxies`") && proxy.contains("`nginx`"), "{proxy}");
        assert!(refusal(&[], "store = 'mysql://x/y'").contains("sqlite:PATH"));
        let nowhere = refusal(&[], "store = 'postgres://bulle:hunter2@db.example.com'");
        assert!(nowhere.contains("names no database") && !nowhere.contains("hunter2"), "{nowhere}");
        let alone = refusal(&[], "bus = 'nats://bulle:hunter2@bus'");
        assert!(alone.contains("`bus`") && alone.contains("PostgreSQL") && !alone.contains("hunter2"), "{alone}");
        let wrong = refusal(&[], "bus = 'redis://bulle:hunter2@bus'");
        assert!(wrong.contains("nats://HOST:PORT") && !wrong.contains("hunter2"), "{wrong}");
        assert!(refusal(&[], "bus_ca = 'ca.pem'").contains("without a `bus`"));
        assert!(refusal(&[], "log = 'info,=,'").contains("log filter"));
        assert!(refusal(&[], "smtp.host = 'localhost'").contains("`smtp.from`"));
        assert!(refusal(&[], "[smtp]\nhost = 'localhost'\nfrom = 'nobody'").contains("chat@example.com"));
        let clear = refusal(&[], "[smtp]\nhost = 'mail.example.com'\nfrom = 'chat@example.com'\ntls = 'none'");
        assert!(clear.contains("`smtp.tls`") && clear.contains("clear text"), "{clear}");
        let half = refusal(&[("BULLE_SMTP__PASSWORD", "hunter2")], "[smtp]\nhost = 'localhost'\nfrom = 'chat@example.com'");
        assert!(half.contains("set both") && !half.contains("hunter2"), "{half}");
        let s3 = |lines: &str| refusal(&[("BULLE_S3__SECRET_ACCESS_KEY", "hunter2")], &format!("[s3]\nbucket = 'chat'\n{lines}"));
        assert!(s3("").contains("`s3.access_key_id`"), "{}", s3(""));
        assert!(refusal(&[], "s3.endpoint = 'https://s3.example.com'").contains("`s3.bucket`"));
        let endpoint = |address: &str| s3(&format!("access_key_id = 'me'\nendpoint = '{address}'"));
        let clear = endpoint("http://minio:9000");
        assert!(clear.contains("clear text") && clear.contains("s3.plain_http") && !clear.contains("hunter2"), "{clear}");
        for address in ["s3.example.com", "ftp://s3.example.com", "https://me:hunter@s3.example.com", "https://s3.example.com?x"]
        {
            assert!(endpoint(address).contains("https://s3.example.com`"), "{address}");
        }
        assert!(s3("access_key_id = 'me'\nprefix = 'a//b'").contains("`s3.prefix`"));
        assert!(s3("access_key_id = 'me'\ntimeout_ms = 1").contains("`s3.timeout_ms`"));
        let rule = refusal(&[("BULLE_DESK__GRACE", "0")], "");
        assert!(rule.contains("`desk.grace` (environment variable BULLE_DESK__GRACE)"), "{rule}");
        let rate = refusal(&[("BULLE_LIMITS__VISITOR_SAYS__PER_MINUTE", "0")], "");
        assert!(
            rate.contains("`limits.visitor_says.per_minute` (environment variable BULLE_LIMITS__VISITOR_SAYS__PER_MINUTE)"),
            "{rate}"
        );
        assert!(
            rate.contains("0 is not within 1 to 60000000") && rate.contains("Messages of one visitor's connection"),
            "{rate}"
        );
        let absurd = refusal(&[], "[limits]\nrefusals.burst = 4000000000");
        assert!(absurd.contains("`limits.refusals.burst`") && absurd.contains("4000000000 is not within"), "{absurd}");
        let negative = refusal(&[], "[limits]\nconnections = -1");
        assert!(negative.contains("`limits.connections`") && negative.contains("WebSockets open at once"), "{negative}");
        let kind = refusal(&[], "[limits]\nupgrades = 5");
        assert!(kind.contains("`limits.upgrades`") && kind.contains("bulle.toml"), "{kind}");
        assert!(refusal(&[], "[limits]\nupgrades.per_second = 5").contains("unknown value `limits.upgrades.per_second`"));
        let upside_down = refusal(&[], "[limits]\noutgoing_bytes = 8388608\noutgoing_total_bytes = 1048576");
        assert!(upside_down.contains("is less than `limits.outgoing_bytes`"), "{upside_down}");
        assert!(refusal(&[], "[desk]\ngrase = 1").contains("did you mean `desk.grace`?"));
        let strange = refusal(&[], "colour = 1");
        assert!(
            strange.contains("unknown value `colour`") && !strange.contains("mean") && strange.contains("listen"),
            "{strange}"
        );
        assert!(refusal(&[], "listen =").contains("cannot read"));
        let missing = load(Some(PathBuf::from("/nowhere/bulle.toml")), [], &Flags::default()).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/bulle.toml"), "{missing}");
    }

    #[test]
    fn a_rate_is_told_number_by_number() {
        let loaded = given(&[("BULLE_LIMITS__UPGRADES__BURST", "7")], "[limits]\nupgrades.per_minute = 9", &Flags::default());
        let report = loaded.unwrap().report();
        assert!(report.contains("# from: environment variable BULLE_LIMITS__UPGRADES__BURST\nupgrades.burst = 7"), "{report}");
        assert!(report.contains("bulle.toml\nupgrades.per_minute = 9"), "{report}");
        assert!(report.contains("# WebSockets open at once.\n# from: default\nconnections = 50000"), "{report}");
    }

    #[test]
    fn a_password_is_never_shown() {
        let toml = "[smtp]\nhost = 'mail.example.com'\nfrom = 'Kiln <chat@example.com>'\nusername = 'chat'";
        let loaded = given(&[("BULLE_SMTP__PASSWORD", "hunter2")], toml, &Flags::default()).unwrap();
        assert_eq!(loaded.config.smtp.password.as_ref().map(|secret| secret.reveal()), Some("hunter2"));
        let report = loaded.report();
        assert!(
            report.contains("# from: environment variable BULLE_SMTP__PASSWORD\n# password is set and not shown"),
            "{report}"
        );
        assert!(report.contains("# With this password."), "{report}");
        for password in ["12345678", "true", "\"quoted\"", "[1]"] {
            let loaded = given(&[("BULLE_SMTP__PASSWORD", password)], toml, &Flags::default()).unwrap();
            assert_eq!(loaded.config.smtp.password.as_ref().map(|secret| secret.reveal()), Some(password));
        }
        let toml_of_s3 = "[s3]\nbucket = 'chat'\nendpoint = 'http://127.0.0.1:9000'";
        let signed = [("BULLE_S3__ACCESS_KEY_ID", "0123"), ("BULLE_S3__SECRET_ACCESS_KEY", "1e3")];
        let loaded = given(&signed, toml_of_s3, &Flags::default()).unwrap();
        assert_eq!(loaded.config.s3.access_key_id.as_deref(), Some("0123"));
        assert_eq!(loaded.config.s3.secret_access_key.as_ref().map(|secret| secret.reveal()), Some("1e3"));
        assert!(loaded.report().contains("# secret_access_key is set and not shown") && !loaded.report().contains("1e3"));
        let url = "postgres://bulle:hunter2@db.example.com/bulle";
        let stored = given(&[("BULLE_STORE", url)], "", &Flags::default()).unwrap();
        assert!(stored.report().contains("# from: environment variable BULLE_STORE\n# store is set and not shown"));
        assert!(!stored.report().contains("hunter2") && !format!("{:?}", stored.config).contains("hunter2"));
        let number = refusal(&[], "[smtp]\npassword = 12345678");
        assert!(number.contains("`smtp.password`") && number.contains("no text") && !number.contains("1234"), "{number}");
        let nowhere = refusal(&[("BULLE_SMTP__PASSWORD", "hunter2"), ("BULLE_LISTEN", "0.0.0.0:80")], toml);
        assert!(nowhere.contains("`public_url`") && nowhere.contains("links in emails"), "{nowhere}");
        assert!(!report.contains("hunter2") && !format!("{:?}", loaded.config).contains("hunter2"), "{report}");
    }

    #[test]
    fn nothing_at_all_is_a_valid_configuration() {
        assert!(given(&[], "", &Flags::default()).is_ok());
        assert_eq!(VALUES.len(), serde_json::to_value(Config::default()).unwrap().as_object().unwrap().len());
    }
}
