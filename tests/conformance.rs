//! Chains that others made, judged through Rust and through the C ABI.
//!
//! The folder is `$CLIENTCERT_CORPORA`, `../shared/corpora` by default, and `none` where it is meant that there is none.
//! Its README describes the format. `tests/conformance/differences.txt` lists what is judged differently on purpose,
//! `tests/conformance/revocation.txt` the same of cases with CRLs.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clientcert::Verifier;
use clientcert::policy::Config;
use clientcert::verdict::Outcome;
use pki_types::CertificateDer;
use pki_types::pem::PemObject as _;
use serde_json::Value;

use support::c::{Answers, Program, Record};

const MOST_DIFFERENCES: usize = 20;

#[test]
fn every_case_comes_out_as_expected() {
    let Some(folder) = folder() else {
        println!("conformance: NOT RUN, because CLIENTCERT_CORPORA=none");
        return;
    };
    let cases = read(&folder);
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    let mut differences = differences("differences.txt");
    differences.extend(self::differences("revocation.txt"));

    let calls: Vec<Call> = cases.iter().map(Call::of).collect();
    let through_rust: Vec<Answer> = calls.iter().map(Call::through_rust).collect();
    let through_c = through_c(&calls);

    let mut tally = BTreeMap::<(&str, &str), Tally>::new();
    let mut complaints = Vec::new();
    for ((case, rust), c) in cases.iter().zip(&through_rust).zip(&through_c) {
        let counts = tally.entry((&case.corpus, &case.strictness)).or_default();
        counts.cases += 1;
        if rust != c {
            complaints.push(format!("{}: {rust} in Rust, but {c} in C", case.id));
        }
        if let Some(alarm) = rust.alarm() {
            complaints.push(format!("{}: {alarm} must not happen: {rust}", case.id));
        }
        let as_expected = rust.accept == case.accept;
        match (as_expected, differences.get(&case.id)) {
            (true, None) => counts.as_expected += 1,
            (false, Some(_)) if case.strictness == "may" => counts.listed += 1,
            (true, Some(_)) => complaints.push(format!("{}: is on the list of differences, but as expected", case.id)),
            (false, _) => {
                counts.unexpected += 1;
                complaints.push(case.describe(rust));
            }
        }
    }
    println!("{}", table(&tally));
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// One case of a corpus, as far as it is needed here.
struct Case {
    id: String,
    corpus: String,
    strictness: String,
    accept: bool,
    why: String,
    anchors: String,
    leaf: String,
    intermediates: Vec<String>,
    time: i64,
    max_depth: Option<u64>,
    eku: String,
    crls: String,
    crl_policy: Option<CrlPolicy>,
}

/// How a case wants its CRLs used.
struct CrlPolicy {
    check: String,
    missing: String,
    expired: String,
}

impl CrlPolicy {
    fn from_json(value: &Value) -> Result<Option<Self>, String> {
        let word = |field: &str, known: &[(&str, &str)]| {
            let said = value[field].as_str().unwrap_or_default();
            let found = known.iter().find(|(word, _)| *word == said);
            found.map(|(_, option)| (*option).to_owned()).ok_or_else(|| format!("crl_policy: {field} is {said:?}"))
        };
        if value.is_null() {
            return Ok(None);
        }
        let fail_or_allow = [("deny", "fail"), ("allow", "allow")];
        Ok(Some(Self {
            check: word("scope", &[("leaf", "leaf"), ("chain", "chain")])?,
            missing: word("unknown", &fail_or_allow)?,
            expired: word("expired", &fail_or_allow)?,
        }))
    }
}

impl Case {
    fn from_json(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let text = |field: &str| value[field].as_str().map(str::to_owned);
        let texts = |field: &str| -> Vec<String> {
            let list = value[field].as_array().into_iter().flatten();
            list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let need = |field: &str| text(field).ok_or_else(|| format!("{field} is missing"));
        let accept = match need("expected")?.as_str() {
            "accept" => true,
            "reject" => false,
            other => return Err(format!("expected is {other:?}")),
        };
        Ok(Self {
            id: need("id")?,
            corpus: need("source")?,
            strictness: need("strictness")?,
            accept,
            why: [text("why"), text("expected_reason")].into_iter().flatten().collect::<Vec<_>>().join("; "),
            anchors: texts("trust_anchors_pem").concat(),
            leaf: need("leaf_pem")?,
            intermediates: texts("intermediates_pem"),
            time: value["time"].as_i64().ok_or("time is missing")?,
            max_depth: value["max_depth"].as_u64(),
            eku: need("eku")?,
            crls: texts("crls_pem").concat(),
            crl_policy: CrlPolicy::from_json(&value["crl_policy"])?,
        })
    }

    fn describe(&self, answer: &Answer) -> String {
        let expected = if self.accept { "accept" } else { "reject" };
        let why = self.why.replace('\n', " ");
        format!("{} ({}): {expected} expected, {answer}\n    {why}", self.id, self.strictness)
    }
}

/// What one case asks for, in the words of the library.
struct Call {
    options: Vec<(&'static str, String)>,
    anchors: Vec<u8>,
    crls: Vec<u8>,
    chain: Vec<u8>,
    time: i64,
}

impl Call {
    fn of(case: &Case) -> Self {
        let eku = match case.eku.as_str() {
            "clientAuth" => "client_auth".to_owned(),
            "serverAuth" => support::extension::SERVER_AUTH.to_owned(),
            other => other.to_owned(),
        };
        // No limit stated means none worth speaking of: OpenSSL's default.
        let depth = case.max_depth.unwrap_or(100).to_string();
        let presented: Vec<Vec<u8>> =
            std::iter::once(&case.leaf).chain(&case.intermediates).map(|pem| der_or_text(pem)).collect();
        let mut options = vec![("mode", "require".to_owned()), ("eku", eku), ("depth", depth)];
        if let Some(CrlPolicy { check, missing, expired }) = &case.crl_policy {
            let settings = [("crl_check", check), ("crl_missing", missing), ("crl_expired", expired)];
            options.extend(settings.map(|(name, value)| (name, value.clone())));
            // They are about revocation, and from times of weaker keys; the cases without CRLs judge the strength.
            options.extend([("sha1", "allow".to_owned()), ("min_rsa_bits", "1024".to_owned())]);
        }
        Self {
            options,
            crls: case.crls.clone().into_bytes(),
            anchors: case.anchors.clone().into_bytes(),
            chain: presented.concat(),
            time: case.time,
        }
    }

    fn through_rust(&self) -> Answer {
        let verifier = || {
            let mut config = Config::new();
            for (name, value) in &self.options {
                config.set(name, value)?;
            }
            config.set_bytes("ca", &self.anchors)?;
            if !self.crls.is_empty() {
                config.set_bytes("crl", &self.crls)?;
            }
            Verifier::new(&config)
        };
        match verifier() {
            Err(error) => Answer { accept: false, reasons: vec![format!("config status {}", error.status() as i32)] },
            Ok(verifier) => {
                let verdict = verifier.verify_at(&self.chain, self.time);
                assert_eq!(verdict.verified(), verdict.outcome() == Outcome::Success);
                Answer {
                    accept: verdict.verified(),
                    reasons: verdict.reasons().iter().map(|reason| reason.code.name().to_owned()).collect(),
                }
            }
        }
    }

    fn record(&self) -> Record {
        let mut record = Record::default();
        record.number(self.options.len() as u64);
        for (name, value) in &self.options {
            record.bytes(name.as_bytes());
            record.bytes(value.as_bytes());
        }
        record.bytes(&self.anchors);
        record.bytes(&self.crls);
        record.bytes(&self.chain);
        record.number(self.time.cast_unsigned());
        record
    }
}

/// What the library says to a call.
#[derive(PartialEq, Eq)]
struct Answer {
    accept: bool,
    reasons: Vec<String>,
}

impl Answer {
    /// The code that no case may end in.
    fn alarm(&self) -> Option<&str> {
        self.reasons.iter().map(String::as_str).find(|name| matches!(*name, "validators_disagree" | "internal_error"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", if self.accept { "accept" } else { "reject" }, self.reasons.join(", "))
    }
}

/// The same calls through the shared library, in a C program: `accept|reject reason reason …` a line.
fn through_c(calls: &[Call]) -> Vec<Answer> {
    let program = Program::linked_with_clientcert("tests/c/conformance.c");
    let records: Vec<Record> = calls.iter().map(Call::record).collect();
    let Answers(lines) = program.run(&records);
    lines
        .iter()
        .map(|line| {
            let (verdict, reasons) = line.split_once(' ').unwrap_or((line, ""));
            assert!(matches!(verdict, "accept" | "reject"), "tests/c/conformance.c says {line:?}");
            let reasons = reasons.split(',').filter(|reason| !reason.is_empty()).map(str::to_owned).collect();
            Answer { accept: verdict == "accept", reasons }
        })
        .collect()
}

/// The DER of what a case presents, or the text itself where it is no PEM.
fn der_or_text(pem: &str) -> Vec<u8> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => certificates.iter().flat_map(|der| der.to_vec()).collect(),
        _ => pem.as_bytes().to_vec(),
    }
}

#[derive(Default)]
struct Tally {
    cases: usize,
    as_expected: usize,
    listed: usize,
    unexpected: usize,
}

fn table(tally: &BTreeMap<(&str, &str), Tally>) -> String {
    let mut text = format!(
        "{:<12} {:<6} {:>6} {:>12} {:>18} {:>11}\n",
        "corpus", "", "cases", "as expected", "listed difference", "unexpected"
    );
    for ((corpus, strictness), Tally { cases, as_expected, listed, unexpected }) in tally {
        let _ =
            writeln!(text, "{corpus:<12} {strictness:<6} {cases:>6} {as_expected:>12} {listed:>18} {unexpected:>11}");
    }
    text
}

/// Ids of `may` cases that are judged differently, and why.
fn differences(file: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(entries.len() <= MOST_DIFFERENCES, "{} has more than {MOST_DIFFERENCES} entries", path.display());
    let parse = |line: &str| {
        let (id, reason) = line.split_once(char::is_whitespace).unwrap_or_else(|| panic!("{line}: has no reason"));
        (id.to_owned(), reason.trim().to_owned())
    };
    let list: BTreeMap<String, String> = entries.iter().map(|line| parse(line)).collect();
    assert_eq!(list.len(), entries.len(), "{} lists an id twice", path.display());
    list
}

fn folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("CLIENTCERT_CORPORA") {
        Some(value) if value == "none" => return None,
        Some(value) => PathBuf::from(value),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
    };
    assert!(
        folder.is_dir(),
        "{} is no folder: point CLIENTCERT_CORPORA to the conformance cases, or set it to none to go without",
        folder.display()
    );
    Some(folder)
}

/// Every case in the folder's `.jsonl.gz` files.
fn read(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("a folder's entry").path()).collect();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.to_string_lossy().ends_with(".jsonl.gz")) {
        let compressed = std::fs::File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut text = String::new();
        let mut reader = flate2::read::MultiGzDecoder::new(compressed);
        reader.read_to_string(&mut text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case = Case::from_json(line);
            cases.push(case.unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), index + 1)));
        }
    }
    cases
}
