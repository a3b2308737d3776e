//! Envoy's X-Forwarded-Client-Cert: what is read is written so that the same is read again.
#![no_main]

use clientcert::forwarded::envoy::parse;

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let Some(elements) = parse(value) else { return };
    assert!(!elements.is_empty());
    for element in elements {
        let once = element.write();
        let Some(again) = parse(&once) else { panic!("{}", once.escape_ascii()) };
        let [again] = &again[..] else { panic!("{} elements: {}", again.len(), once.escape_ascii()) };
        assert_eq!(parse(&again.write()).as_deref(), Some(std::slice::from_ref(again)));
    }
});
