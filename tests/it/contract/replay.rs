//! Runs the steps of a recorded case against a server and grades its answers.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::client::{self, Call};
use super::compare::{Grade, Scope};
use super::normal::{Normal, generate_names};
use super::template::{Env, at, fill, fill_text, plain};

/// How long an `until` polls at most. The recordings allow for controllers far away; some wait for what never comes.
const POLL_SECONDS: f64 = 5.0;

/// The pause between two polls.
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// A conversation: requests in one namespace, and the answers of a real server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    ns: String,
    steps: Value,
    pub answers: Vec<Value>,
}

/// A graded step.
#[derive(Clone)]
pub struct Graded {
    pub grade: Grade,
    /// What was asked, and where the answer differs.
    report: String,
}

impl fmt::Display for Graded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.report)
    }
}

impl Case {
    /// Whether a step takes seconds on any server.
    pub fn waits(&self) -> bool {
        self.steps().iter().any(|step| step.stream.is_some() || step.settle.is_some() || step.sleep.is_some())
    }

    /// The steps, read.
    pub fn steps(&self) -> Vec<Step> {
        Vec::deserialize(&self.steps).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The first prefix that the case asks a name to be generated from.
    pub fn generate_name(&self) -> String {
        generate_names(&self.steps).pop_first().unwrap_or_default()
    }

    /// Sends every step to the server and grades the answers of those that are not set-up.
    pub async fn replay(&self, server: &str) -> Vec<Graded> {
        let mut env = Env::from_iter([("ns".to_string(), self.ns.clone().into())]);
        let mut normal = Normal::new(&self.steps);
        let mut graded = Vec::new();
        for (index, (step, want)) in self.steps().iter().zip(&self.answers).enumerate() {
            let answer = step.run(server, &mut env).await;
            let got = normal.answer(&answer);
            if !step.setup {
                graded.push(self.grade(index, step, want, &got));
            }
        }
        graded
    }

    fn grade(&self, index: usize, step: &Step, want: &Value, got: &Value) -> Graded {
        let grade = step.scope.grade(want, got);
        let mut report = format!("-- {} step {} {} {}: ", self.name, index + 1, step.method, step.path);
        report += match grade {
            Grade::Nothing => "nothing agrees",
            Grade::Status => "the status agrees",
            Grade::Reason => "status and reason agree",
            Grade::Exact => "everything agrees",
        };
        for difference in step.scope.differences(want, got) {
            report += "\n   ";
            report += &difference;
        }
        Graded { grade, report }
    }
}

/// One request of a case.
#[derive(Deserialize)]
pub struct Step {
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    raw: Option<String>,
    #[serde(default, deserialize_with = "present")]
    body: Option<Value>,
    /// Values to remember from the answer: name and pointer.
    #[serde(default)]
    capture: Map<String, Value>,
    until: Option<Until>,
    within: Option<f64>,
    /// Once `until` holds, how long to let things come to rest before asking again.
    pub settle: Option<f64>,
    /// How long to wait before the next step.
    pub sleep: Option<f64>,
    /// How long to read the answer as watch frames.
    pub stream: Option<f64>,
    /// Whether the step only prepares, and is not graded.
    #[serde(default)]
    setup: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// What a polled answer must show: one of the conditions is enough.
#[derive(Deserialize)]
struct Until {
    #[serde(default)]
    ptr: String,
    #[serde(default, deserialize_with = "present")]
    is: Option<Value>,
    len: Option<usize>,
    code: Option<u64>,
    #[serde(default)]
    set: bool,
}

impl Step {
    async fn run(&self, server: &str, env: &mut Env) -> Value {
        let path = self.target(env);
        let call = Call {
            method: &self.method,
            path: &path,
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), plain(&fill(value, env)))).collect(),
            body: match (&self.raw, &self.body) {
                (Some(raw), _) => Some(fill_text(raw, env).into_bytes()),
                (None, Some(body)) => Some(fill(body, env).to_string().into_bytes()),
                (None, None) => None,
            },
            stream: self.stream.map(Duration::from_secs_f64),
        };
        let answer = self.poll(server, &call, env).await;
        for (name, pointer) in &self.capture {
            env.insert(name.clone(), at(&answer["body"], &plain(pointer)).clone());
        }
        sleep(Duration::from_secs_f64(self.sleep.unwrap_or_default())).await;
        answer
    }

    /// Asks once, or until the answer shows what the step waits for.
    async fn poll(&self, server: &str, call: &Call<'_>, env: &Env) -> Value {
        let deadline = Instant::now() + Duration::from_secs_f64(self.within.unwrap_or(POLL_SECONDS).min(POLL_SECONDS));
        loop {
            let answer = client::send(server, call).await;
            let Some(until) = &self.until else { return answer };
            if until.holds(&answer, env) {
                let Some(settle) = self.settle else { return answer };
                sleep(Duration::from_secs_f64(settle)).await;
                return client::send(server, call).await;
            }
            if answer["status"] == 0 || Instant::now() > deadline {
                return answer;
            }
            sleep(POLL_PAUSE).await;
        }
    }

    /// The path with its query.
    fn target(&self, env: &Env) -> String {
        let mut path = fill_text(&self.path, env);
        for (index, (name, value)) in self.query.iter().enumerate() {
            path.push(if index == 0 { '?' } else { '&' });
            path += &format!("{}={}", quote(name), quote(&plain(&fill(value, env))));
        }
        path
    }
}

impl Until {
    fn holds(&self, answer: &Value, env: &Env) -> bool {
        let got = at(&answer["body"], &self.ptr);
        let empty = match got {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        self.is.as_ref().is_some_and(|want| *got == fill(want, env))
            || self.len.is_some_and(|want| got.as_array().is_some_and(|items| items.len() == want))
            || self.code.is_some_and(|want| answer["status"] == want)
            || (self.set && !empty)
    }
}

fn get() -> String {
    "GET".to_string()
}

/// Keeps a null that is written apart from a field that is not there.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Percent-encodes all but unreserved characters.
fn quote(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => (byte as char).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
