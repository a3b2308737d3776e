//! Options: a TOML file, or `name=value` lines through the setter; what was set is dumped and read again.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use clientcert::policy::Config;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("clientcert-fuzz-{}.toml", std::process::id())));

fn load(config: &mut Config, text: &str) -> Result<(), clientcert::Error> {
    std::fs::write(&*FILE, text).expect("a file to write");
    config.load(&*FILE)
}

libfuzzer_sys::fuzz_target!(|data: &str| {
    let mut config = Config::new();
    if load(&mut config, data).is_err() {
        for (name, value) in data.lines().filter_map(|line| line.split_once('=')) {
            if let Err(error) = config.set(name, value) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    let dump = config.dump();
    let mut again = Config::new();
    load(&mut again, &dump).expect("a dump is a config");
    assert_eq!(again.dump(), dump);
});
