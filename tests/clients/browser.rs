//! What a test does with a browser, in terms of WebDriver (W3C), of which both browsers have a dialect.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// A browser with Alice's certificate, which it presents without asking to whoever asks for one by her CA.
pub struct Browser {
    pub name: &'static str,
    driver: Box<dyn Driver>,
}

/// A dialect of WebDriver.
pub trait Driver {
    /// Runs a command: its value, or the error in words.
    fn command(&mut self, command: Command<'_>) -> Result<Value, String>;
}

/// A command of WebDriver.
pub enum Command<'c> {
    /// Goes to a URL, and waits until the page is loaded.
    Navigate(&'c str),
    /// Runs the body of an asynchronous function, whose last argument takes the result.
    Script(&'c str),
    /// A PNG in base64.
    Screenshot,
}

/// What a person sees.
#[derive(Debug)]
pub struct Page {
    pub status: u64,
    /// After all redirects.
    pub url: String,
    pub text: String,
}

impl Browser {
    pub fn new(name: &'static str, driver: impl Driver + 'static) -> Self {
        Self { name, driver: Box::new(driver) }
    }

    /// Goes to a page; an error where the browser shows one of its own.
    pub fn open(&mut self, url: &str) -> Result<Page, String> {
        self.driver.command(Command::Navigate(url))?;
        let page = self.run(
            "return { url: location.href, text: document.body.innerText,
                      status: performance.getEntriesByType('navigation')[0].responseStatus }",
        )?;
        let text = |field: &str| page[field].as_str().unwrap_or_default().to_owned();
        Ok(Page { status: page["status"].as_u64().unwrap_or(0), url: text("url"), text: text("text") })
    }

    /// What an asynchronous function of this body returns, in the page that is open.
    pub fn run(&mut self, body: &str) -> Result<Value, String> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})().then(value => done({{ value }}), error => done({{ error: String(error) }}))"
        );
        let mut outcome = self.driver.command(Command::Script(&script))?;
        match outcome["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(outcome["value"].take()),
        }
    }

    /// Writes what the window shows into the folder that `CLIENTCERT_SCREENSHOTS` names, if it names one.
    pub fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("CLIENTCERT_SCREENSHOTS") else { return };
        let png = self.driver.command(Command::Screenshot).expect("a screenshot");
        let png = BASE64_STANDARD.decode(png.as_str().expect("base64")).expect("base64");
        fs::write(Path::new(&folder).join(format!("{}-{name}.png", self.name)), png).expect("a file");
    }
}
