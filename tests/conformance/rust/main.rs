//! The conformance program in Rust: reads cases on standard input, one JSON object a line, and answers each with a line.
//!
//! It asks the library through its Rust interface, so that what the others get through the C ABI is compared with what
//! never went through it. `tests/conformance/README.md` has the protocol.

mod render;
mod steps;

use std::io::{BufRead as _, Write as _};

use clientcert::{Config, Error, Verifier};
use serde_json::{Value, json};

use steps::Bench;

fn main() {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line.expect("a line of text")).expect("a case is JSON");
        writeln!(output, "{}", answer(&case)).expect("an answer can be written");
        output.flush().expect("an answer can be written");
    }
}

fn answer(case: &Value) -> Value {
    let mut answer = json!({ "id": case["id"] });
    let Some(steps) = case["steps"].as_array() else {
        answer["library"] = render::library(case["headers"].as_array().map_or(&[], Vec::as_slice));
        return answer;
    };
    let (config, set) = config(case);
    if case["dump"] == true {
        answer["dump"] = config.dump().into();
    }
    match set.and_then(|()| Verifier::new(&config)) {
        Err(error) => answer["error"] = render::error(&error),
        Ok(verifier) => {
            let mut bench = Bench::new(verifier, case["variables"].as_array().map_or(&[], Vec::as_slice));
            answer["answers"] = steps.iter().map(|step| bench.take(step)).collect();
        }
    }
    answer
}

/// The options as far as they could be set.
fn config(case: &Value) -> (Config, Result<(), Error>) {
    let mut config = Config::new();
    let pairs = |name: &str| -> Vec<(String, String)> {
        let pairs = case[name].as_array().into_iter().flatten();
        pairs.map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned())).collect()
    };
    let mut set = case["file"].as_str().map_or(Ok(()), |path| config.load(path));
    if set.is_ok() {
        set = pairs("options").iter().try_for_each(|(name, value)| config.set(name, value));
    }
    if set.is_ok() {
        set = pairs("bytes").iter().try_for_each(|(name, bytes)| config.set_bytes(name, &render::unhex(bytes)));
    }
    (config, set)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
