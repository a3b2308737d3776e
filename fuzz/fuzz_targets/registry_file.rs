//! A text of registrations: whatever makes sense reads the same again when it is written, and when a verb has changed it.
#![no_main]

use clientcert::registry::Registry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let registry = match Registry::from_bytes(data) {
        Ok(registry) => registry,
        Err(error) => return assert!(error.to_string().contains("memory:"), "{error}"),
    };
    let all = registry.list(None).expect("what was read is listed");
    let index = registry.load().expect("what was read is indexed");
    assert_eq!(index.len(), all.len());
    for one in &all {
        assert_eq!(index.get(&one.key), Some(one.view()));
    }
    let again = Registry::from_bytes(registry.export_text().expect("a text").as_bytes()).expect("what was written");
    assert_eq!(again.list(None).expect("the same"), all);
    if let Some(one) = all.first() {
        registry.editor("fuzz").rename(&one.key, "\"renamed\" ").expect("a label");
        let mut changed = all.clone();
        changed[0].label = "\"renamed\" ".to_owned();
        assert_eq!(registry.list(None).expect("the rest is as it was"), changed);
    }
});
